// jobs/protocol.cpp: messages as bytes.
#include "jobs/protocol.hpp"

#include <bit>
#include <cstring>

namespace terrace::jobs {
namespace {

static_assert(std::endian::native == std::endian::little, "messages are written as they lie in memory");

class Writer {
 public:
  explicit Writer(MessageKind kind) {
    number(kMagic);
    number(static_cast<uint32_t>(kind));
    number(uint32_t{0});
  }
  template <typename T>
  void number(T value) {
    const auto* p = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), p, p + sizeof value);
  }
  template <typename Bytes>
  void block(const Bytes& data) {
    number(static_cast<uint32_t>(data.size()));
    const auto* p = reinterpret_cast<const uint8_t*>(data.data());
    bytes_.insert(bytes_.end(), p, p + data.size());
  }
  std::vector<uint8_t> take() {
    const auto length = static_cast<uint32_t>(bytes_.size() - kHeadBytes);
    std::memcpy(bytes_.data() + 8, &length, sizeof length);
    return std::move(bytes_);
  }

 private:
  std::vector<uint8_t> bytes_;
};

// Reads until something does not fit; from then on everything is zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : rest_(bytes) {}
  template <typename T>
  T number() {
    T value{};
    if (rest_.size() < sizeof value) return fail(), value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return value;
  }
  template <typename Bytes>
  Bytes block(size_t limit) {
    const auto size = number<uint32_t>();
    if (size > limit || size > rest_.size()) return fail(), Bytes{};
    const auto* p = reinterpret_cast<const typename Bytes::value_type*>(rest_.data());
    Bytes data(p, p + size);
    rest_ = rest_.subspan(size);
    return data;
  }
  bool ok() const { return ok_; }
  bool finished() const { return ok_ && rest_.empty(); }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  std::span<const uint8_t> rest_;
  bool ok_ = true;
};

inline constexpr size_t kMaxSymbolBytes = 1024;

void put(Writer& w, const std::vector<uint8_t>& encoding, const bytecode::Hash& hash) {
  w.block(encoding);
  w.number(hash);
}
void get(Reader& r, std::vector<uint8_t>* encoding, bytecode::Hash* hash) {
  *encoding = r.block<std::vector<uint8_t>>(kMaxMessageBytes);
  *hash = r.number<bytecode::Hash>();
}

}  // namespace

std::vector<uint8_t> pack(const Hello& hello) {
  Writer w(MessageKind::kHello);
  for (uint32_t n :
       {hello.protocol_version, hello.abi_version, hello.gcc_major, hello.gcc_minor, hello.gcc_patch, hello.pid}) {
    w.number(n);
  }
  return w.take();
}

std::vector<uint8_t> pack(const Batch& batch) {
  Writer w(MessageKind::kBatch);
  w.number(batch.number);
  w.number(static_cast<uint8_t>(batch.tier));
  w.number(batch.time_limit_ms);
  w.number(batch.memory_limit);
  w.number(static_cast<uint32_t>(batch.jobs.size()));
  for (const Job& job : batch.jobs) {
    w.block(job.symbol);
    put(w, job.encoding, job.hash);
    w.number(static_cast<uint8_t>(job.has_run));
    w.number(static_cast<uint8_t>(job.enters_loops));
    w.number(static_cast<uint32_t>(job.companions.size()));
    for (const Companion& companion : job.companions) {
      w.block(companion.global);
      put(w, companion.encoding, companion.hash);
    }
  }
  return w.take();
}

std::vector<uint8_t> pack(const Result& result) {
  Writer w(MessageKind::kResult);
  w.number(result.number);
  w.number(static_cast<uint8_t>(result.reason));
  w.number(result.compile_ns);
  w.block(result.text);
  w.block(result.object);
  return w.take();
}

bool unpack_head(std::span<const uint8_t> bytes, Head* head) {
  Reader r(bytes);
  const auto magic = r.number<uint32_t>();
  head->kind = static_cast<MessageKind>(r.number<uint32_t>());
  head->length = r.number<uint32_t>();
  return r.ok() && magic == kMagic && head->length <= kMaxMessageBytes;
}

bool unpack(std::span<const uint8_t> body, Hello* hello) {
  Reader r(body);
  for (uint32_t* n : {&hello->protocol_version, &hello->abi_version, &hello->gcc_major, &hello->gcc_minor,
                      &hello->gcc_patch, &hello->pid}) {
    *n = r.number<uint32_t>();
  }
  return r.finished();
}

bool unpack(std::span<const uint8_t> body, Batch* batch) {
  Reader r(body);
  batch->number = r.number<uint64_t>();
  batch->tier = static_cast<Tier>(r.number<uint8_t>());
  batch->time_limit_ms = r.number<uint32_t>();
  batch->memory_limit = r.number<uint64_t>();
  const auto count = r.number<uint32_t>();
  if (!r.ok() || count > kMaxBatchFunctions) return false;
  if (batch->tier != Tier::kBase && batch->tier != Tier::kOpt) return false;
  batch->jobs.clear();
  for (uint32_t i = 0; i < count && r.ok(); ++i) {
    Job job;
    job.symbol = r.block<std::string>(kMaxSymbolBytes);
    get(r, &job.encoding, &job.hash);
    job.has_run = r.number<uint8_t>() != 0;
    job.enters_loops = r.number<uint8_t>() != 0;
    const auto companions = r.number<uint32_t>();
    if (companions > kMaxCompanions) return false;
    for (uint32_t n = 0; n < companions && r.ok(); ++n) {
      Companion& companion = job.companions.emplace_back();
      companion.global = r.block<std::string>(kMaxMessageBytes);
      get(r, &companion.encoding, &companion.hash);
    }
    batch->jobs.push_back(std::move(job));
  }
  return r.finished();
}

bool unpack(std::span<const uint8_t> body, Result* result) {
  Reader r(body);
  result->number = r.number<uint64_t>();
  result->reason = static_cast<observe::Reason>(r.number<uint8_t>());
  result->compile_ns = r.number<uint64_t>();
  result->text = r.block<std::string>(kMaxTextBytes);
  result->object = r.block<std::vector<uint8_t>>(kMaxMessageBytes);
  return r.finished() && result->reason < observe::Reason::kCount;
}

size_t packed_bytes(const Job& job) {
  size_t bytes = 8 + job.symbol.size() + job.encoding.size();
  for (const Companion& companion : job.companions) bytes += 8 + companion.global.size() + companion.encoding.size();
  return bytes;
}

std::string clip_text(std::string text) {
  if (text.size() <= kMaxTextBytes) return text;
  const size_t half = (kMaxTextBytes - 5) / 2;
  return text.substr(0, half) + "\n...\n" + text.substr(text.size() - half);
}

}  // namespace terrace::jobs
