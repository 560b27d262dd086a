// fuzz/seeds.cpp: makes the fuzzers' seeds from the programs of the test corpus.
//
//   seeds CORPUS OUT OBJECT...    OUT/program, OUT/syntax, OUT/reader: the programs; OUT/bytecode: their functions;
//                                 OUT/protocol: messages with some of them; OUT/object: the object files
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "bytecode/encoding.hpp"
#include "frame/vm.hpp"
#include "jobs/protocol.hpp"
#include "sandbox.hpp"

namespace {

using namespace terrace;
namespace fs = std::filesystem;

constexpr size_t kMostBytes = 4096;  // of a program that is a good seed
constexpr size_t kEncodings = 600;   // that are enough

std::string contents_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& path, const void* data, size_t size) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
}

// The functions that are made while a program runs.
class Encodings {
 public:
  static void listen(frame::Vm& vm) {
    before_ = vm.hooks.proto_made;
    vm.hooks.proto_made = [](frame::VmState* state, value::Proto* proto) {
      std::vector<uint8_t> bytes = bytecode::encode(proto);
      if (bytes.size() <= kMostBytes && all_.size() < kEncodings) all_.push_back(std::move(bytes));
      if (before_ != nullptr) before_(state, proto);
    };
  }
  static const std::vector<std::vector<uint8_t>>& all() { return all_; }

 private:
  static inline std::vector<std::vector<uint8_t>> all_;
  static inline decltype(frame::Hooks::proto_made) before_ = nullptr;
};

void encode_functions(const std::string& source) {
  fuzz::Sandbox sandbox;
  Encodings::listen(sandbox.instance().vm());
  sandbox.run(source);
}

void write_messages(const fs::path& out, const std::vector<fs::path>& objects) {
  auto put = [&](const char* name, const std::vector<uint8_t>& bytes) {
    write(out / "protocol" / name, bytes.data(), bytes.size());
  };
  put("hello", jobs::pack(jobs::Hello{}));
  jobs::Batch batch;
  for (size_t i = 0; i < std::min<size_t>(Encodings::all().size(), 3); ++i)
    batch.jobs.push_back({"f" + std::to_string(i), Encodings::all()[i]});
  put("batch", jobs::pack(batch));
  jobs::Result result;
  result.text = "a warning";
  put("result", jobs::pack(result));
  result.reason = observe::Reason::kBadObject;
  for (const fs::path& object : objects) {
    std::string bytes = contents_of(object);
    result.object.assign(bytes.begin(), bytes.end());
    put(("result-" + object.filename().string()).c_str(), jobs::pack(result));
  }
}

int run(const fs::path& corpus, const fs::path& out, const std::vector<fs::path>& objects) {
  std::vector<fs::path> programs;
  for (const fs::directory_entry& file : fs::recursive_directory_iterator(corpus))
    if (file.path().extension() == ".sx" && file.file_size() <= kMostBytes) programs.push_back(file.path());
  std::sort(programs.begin(), programs.end());
  for (const fs::path& path : programs) {
    std::string text = contents_of(path);
    std::string name = path.parent_path().filename().string() + "-" + path.stem().string();
    for (const char* target : {"program", "syntax", "reader"}) write(out / target / name, text.data(), text.size());
    encode_functions(text);
  }
  for (size_t i = 0; i < Encodings::all().size(); ++i)
    write(out / "bytecode" / std::to_string(i), Encodings::all()[i].data(), Encodings::all()[i].size());
  for (const fs::path& object : objects) {
    std::string bytes = contents_of(object);
    write(out / "object" / object.filename(), bytes.data(), bytes.size());
  }
  write_messages(out, objects);
  std::printf("%zu programs, %zu functions, %zu objects\n", programs.size(), Encodings::all().size(), objects.size());
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: seeds CORPUS OUT OBJECT...\n");
    return 2;
  }
  return run(arguments[1], arguments[2], {arguments + 3, arguments + count});
}
