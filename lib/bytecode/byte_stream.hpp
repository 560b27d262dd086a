// bytecode/byte_stream.hpp: little-endian bytes written and read with every length checked.
//
// Invariant of the reader: after the first failure every read answers zero or nothing, so that a decoder may check once
// at the end; count() never answers more items than the bytes that are left can hold.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace terrace::bytecode {

class ByteWriter {
 public:
  void u8(uint8_t n) { bytes_.push_back(n); }
  void u32(uint32_t n) { bytes(&n, sizeof n); }
  void u64(uint64_t n) { bytes(&n, sizeof n); }
  void varint(uint64_t n) {
    for (; n >= 0x80; n >>= 7) bytes_.push_back(static_cast<uint8_t>(n) | 0x80);
    bytes_.push_back(static_cast<uint8_t>(n));
  }
  void bytes(const void* data, size_t size) {
    auto* p = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), p, p + size);
  }
  void text(std::string_view s) {
    varint(s.size());
    bytes(s.data(), s.size());
  }
  void blob(const std::vector<uint8_t>& b) {
    varint(b.size());
    bytes(b.data(), b.size());
  }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint8_t u8() { return fixed<uint8_t>(); }
  uint32_t u32() { return fixed<uint32_t>(); }
  uint64_t u64() { return fixed<uint64_t>(); }
  uint64_t varint() {
    uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      uint8_t byte = u8();
      n |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return n;
    }
    fail("a number too long");
    return 0;
  }
  template <class T>
  T varint_as() {
    uint64_t n = varint();
    if (n > std::numeric_limits<T>::max()) {
      fail("a number out of range");
      return 0;
    }
    return static_cast<T>(n);
  }
  // A number of items of at least `item_bytes` each.
  size_t count(size_t item_bytes) {
    uint64_t n = varint();
    if (n > left() / item_bytes) {
      fail("a count beyond the end");
      return 0;
    }
    return static_cast<size_t>(n);
  }
  void bytes(void* to, size_t size) {
    if (size == 0) return;
    if (size > left()) {
      std::memset(to, 0, size);
      fail("cut short");
      return;
    }
    std::memcpy(to, bytes_.data() + position_, size);
    position_ += size;
  }
  std::string text() {
    std::string s(count(1), '\0');
    bytes(s.data(), s.size());
    return s;
  }

  void fail(const char* reason) {
    if (failed()) return;
    reason_ = reason;
    position_ = bytes_.size();
  }
  bool failed() const { return !reason_.empty(); }
  const std::string& reason() const { return reason_; }
  size_t position() const { return position_; }
  bool at_end() const { return position_ == bytes_.size(); }

 private:
  size_t left() const { return bytes_.size() - position_; }
  template <class T>
  T fixed() {
    T n{};
    bytes(&n, sizeof n);
    return n;
  }

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  std::string reason_;
};

}  // namespace terrace::bytecode
