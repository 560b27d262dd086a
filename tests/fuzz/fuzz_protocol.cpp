// fuzz/fuzz_protocol.cpp: what the other side of a compile worker's socket may send. What is accepted must come out
// again as it was.
#include "jobs/protocol.hpp"
#include "sandbox.hpp"

namespace {

using namespace terrace;

template <class Message>
void check(std::span<const uint8_t> body) {
  Message message;
  if (!jobs::unpack(body, &message)) return;
  std::vector<uint8_t> packed = jobs::pack(message);
  jobs::Head head;
  if (!jobs::unpack_head({packed.data(), jobs::kHeadBytes}, &head))
    fuzz::found("the head of a message is not accepted");
  std::span<const uint8_t> rest(packed.data() + jobs::kHeadBytes, packed.size() - jobs::kHeadBytes);
  if (head.length != rest.size()) fuzz::found("the head of a message says another length");
  Message again;
  if (!jobs::unpack(rest, &again)) fuzz::found("a message that was accepted is not, packed again");
  if (jobs::pack(again) != packed) fuzz::found("a message changes on its way");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  jobs::Head head{};
  if (!jobs::unpack_head({data, size}, &head)) return 0;
  std::span<const uint8_t> body(data + jobs::kHeadBytes, size - jobs::kHeadBytes);
  if (head.kind == jobs::MessageKind::kHello) check<jobs::Hello>(body);
  if (head.kind == jobs::MessageKind::kBatch) check<jobs::Batch>(body);
  if (head.kind == jobs::MessageKind::kResult) check<jobs::Result>(body);
  return 0;
}
