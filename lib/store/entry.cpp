// store/entry.cpp: see the header.
#include "store/entry.hpp"

#include <blake2.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "bytecode/byte_stream.hpp"

namespace terrace::store {
namespace {

using bytecode::ByteReader;
using bytecode::ByteWriter;

inline constexpr char kMagic[] = {'t', 'e', 'r', 'r', 'a', 'c', 'e', '\n'};
inline constexpr size_t kChecksumBytes = 32;
inline constexpr size_t kNameBytes = 20;  // of hash in a file name

void put_key(ByteWriter& out, const Key& key) {
  out.bytes(key.function.data(), key.function.size());
  out.bytes(key.companions.data(), key.companions.size());
  out.u8(static_cast<uint8_t>(key.tier));
  out.u32(key.abi_version);
  out.text(key.worker);
  out.text(key.cpu);
}

Key get_key(ByteReader& in) {
  Key key;
  in.bytes(key.function.data(), key.function.size());
  in.bytes(key.companions.data(), key.companions.size());
  const uint8_t tier = in.u8();
  if (tier != static_cast<uint8_t>(jobs::Tier::kBase) && tier != static_cast<uint8_t>(jobs::Tier::kOpt))
    in.fail("no such tier");
  key.tier = static_cast<jobs::Tier>(tier);
  key.abi_version = in.u32();
  key.worker = in.text();
  key.cpu = in.text();
  return key;
}

std::vector<uint8_t> get_blob(ByteReader& in) {
  std::vector<uint8_t> blob(in.count(1));
  in.bytes(blob.data(), blob.size());
  return blob;
}

void checksum(std::span<const uint8_t> bytes, uint8_t* out) {
  blake2b(out, bytes.data(), nullptr, kChecksumBytes, bytes.size(), 0);
}

}  // namespace

bytecode::Hash hash_of(const std::vector<jobs::Companion>& companions) {
  bytecode::Hash hash{};
  if (companions.empty()) return hash;
  ByteWriter out;
  for (const jobs::Companion& companion : companions) {
    out.text(companion.global);
    out.bytes(companion.hash.data(), companion.hash.size());
  }
  const std::vector<uint8_t> bytes = out.take();
  blake2b(hash.data(), bytes.data(), nullptr, hash.size(), bytes.size(), 0);
  return hash;
}

std::string file_name(const Key& key) {
  static constexpr char kDigits[] = "0123456789abcdef";
  ByteWriter out;
  put_key(out, key);
  const std::vector<uint8_t> bytes = out.take();
  uint8_t hash[kNameBytes];
  blake2b(hash, bytes.data(), nullptr, sizeof hash, bytes.size(), 0);
  std::string name;
  for (uint8_t byte : hash) {
    name += kDigits[byte >> 4];
    name += kDigits[byte & 15];
  }
  return name;
}

bool is_file_name(std::string_view name) {
  return name.size() == 2 * kNameBytes && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<uint8_t> pack(const Entry& entry) {
  ByteWriter out;
  out.bytes(kMagic, sizeof kMagic);
  out.u32(kFormat);
  put_key(out, entry.key);
  out.text(entry.name);
  out.text(entry.compiler);
  out.u64(entry.compile_ns);
  out.blob(entry.types);
  out.blob(entry.object);
  std::vector<uint8_t> bytes = out.take();
  uint8_t sum[kChecksumBytes];
  checksum(bytes, sum);
  bytes.insert(bytes.end(), sum, sum + sizeof sum);
  return bytes;
}

Problem unpack(std::span<const uint8_t> bytes, Entry* entry) {
  if (bytes.size() < sizeof kMagic + sizeof kFormat + kChecksumBytes) return Problem::kDamaged;
  const std::span<const uint8_t> body = bytes.first(bytes.size() - kChecksumBytes);
  uint8_t sum[kChecksumBytes];
  checksum(body, sum);
  if (std::memcmp(sum, bytes.data() + body.size(), sizeof sum) != 0) return Problem::kDamaged;
  if (std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) return Problem::kForeign;
  ByteReader in(body.subspan(sizeof kMagic));
  if (in.u32() != kFormat) return Problem::kForeign;
  entry->key = get_key(in);
  entry->name = in.text();
  entry->compiler = in.text();
  entry->compile_ns = in.u64();
  entry->types = get_blob(in);
  entry->object = get_blob(in);
  return in.failed() || !in.at_end() ? Problem::kDamaged : Problem::kNone;
}

bool covers(std::span<const uint8_t> before, std::span<const uint8_t> now) {
  return std::ranges::equal(before, now, [](uint8_t had, uint8_t has) { return (has & ~had) == 0; });
}

std::string worker_identity(const std::string& path) {
  struct stat status {};
  if (path.empty() || stat(path.c_str(), &status) != 0) return {};
  return std::to_string(status.st_size) + "-" + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace terrace::store
