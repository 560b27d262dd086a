// bytecode/encoding.cpp: functions to bytes and back, and the hash.
//
// Layout, little-endian, `v` a LEB128 varint, strings and blobs as v length + bytes:
//   u32 kAbiVersion | v required, optional, rest, registers |
//   u8 rest_has_keys, other_keys | v count, keys (v constant, u8 required) | v count, 8 bytes per instruction
//   v count, constants | v count, captures (u8 from_register, v index) | v count, regions (v start, end, handler)
// which is the meaning, and all that is hashed; then
//   name | source | v count, lines (v pc, line, column) | v count, v pcs of left_at
// A constant is u8 kind, then for data a u8 and a word or a blob (data_encoding.cpp), for a global its name, for a
// function its hash, expected argument count and captures.
#include "bytecode/encoding.hpp"

#include <blake2.h>

#include <cstring>

#include "bytecode/byte_stream.hpp"
#include "bytecode/data_encoding.hpp"

namespace terrace::bytecode {
namespace {

void put_captures(ByteWriter& out, const std::vector<CaptureSource>& captures) {
  out.varint(captures.size());
  for (const CaptureSource& source : captures) {
    out.u8(source.from_register);
    out.varint(source.index);
  }
}

void put_data(ByteWriter& out, Value v) {
  bool immediate = !value::is_heap(v);
  out.u8(immediate);
  if (immediate)
    out.u64(v.bits);
  else
    out.blob(encode_data(v));
}

std::string_view name_of_cell(Value cell) {
  Value symbol = value::as<value::Cell>(cell)->name;
  if (!value::is_symbol(symbol)) return {};
  auto* text = value::as<value::String>(value::as<value::Symbol>(symbol)->name);
  return {text->data, text->bytes};
}

void put_constant(ByteWriter& out, ConstantKind kind, Value v) {
  out.u8(static_cast<uint8_t>(kind));
  switch (kind) {
    case ConstantKind::kData:
      put_data(out, v);
      break;
    case ConstantKind::kGlobal:
      out.text(name_of_cell(v));
      break;
    case ConstantKind::kFunction: {
      const FunctionCode* inner = value::as<value::Proto>(v)->function;
      out.bytes(inner->hash.data(), inner->hash.size());
      out.varint(inner->expected_argc());
      put_captures(out, inner->captures);
      break;
    }
  }
}

void put_keys(ByteWriter& out, const FunctionCode& f) {
  out.u8(f.rest_has_keys);
  out.u8(f.other_keys);
  out.varint(f.keys.size());
  for (const KeyParameter& key : f.keys) {
    out.varint(key.constant);
    out.u8(key.required);
  }
}

void put_meaning(ByteWriter& out, const value::Proto* proto) {
  const FunctionCode& f = *proto->function;
  out.u32(kAbiVersion);
  out.varint(f.required);
  out.varint(f.optional);
  out.varint(f.rest);
  out.varint(f.register_count);
  put_keys(out, f);
  out.varint(f.code.size());
  out.bytes(f.code.data(), f.code.size() * sizeof(Instr));
  out.varint(f.constants.size());
  for (size_t i = 0; i < f.constants.size(); ++i) put_constant(out, f.constants[i], proto->constant[i]);
  put_captures(out, f.captures);
  out.varint(f.handlers.size());
  for (const HandlerRegion& region : f.handlers) {
    out.varint(region.start);
    out.varint(region.end);
    out.varint(region.handler);
  }
}

void put_description(ByteWriter& out, const FunctionCode& f) {
  out.text(f.name);
  out.text(f.source);
  out.varint(f.lines.size());
  for (const LineEntry& entry : f.lines) {
    out.varint(entry.pc);
    out.varint(entry.line);
    out.varint(entry.column);
  }
  std::vector<uint32_t> left;
  for (uint32_t pc = 0; pc < f.code.size(); ++pc)
    if (f.left_at.has(pc)) left.push_back(pc);
  out.varint(left.size());
  for (uint32_t pc : left) out.varint(pc);
}

void get_captures(ByteReader& in, std::vector<CaptureSource>& captures) {
  captures.resize(in.count(2));
  for (CaptureSource& source : captures) {
    source.from_register = in.u8() != 0;
    source.index = in.varint_as<uint16_t>();
  }
}

// A word that means the same in every process and may be in a register.
bool is_plain_immediate(Value v) {
  if (value::is_heap(v)) return false;
  if (value::is_char(v)) return v.bits >> 8 <= 0x10FFFF;
  return value::tag_of(v) != value::kTagSpecial || ((v.bits & 0xFF) == value::kTagSpecial && v.bits <= value::kEof.bits);
}

PortableConstant get_constant(ByteReader& in) {
  PortableConstant constant;
  uint8_t kind = in.u8();
  if (kind > static_cast<uint8_t>(ConstantKind::kFunction)) in.fail("unknown kind of constant");
  constant.kind = static_cast<ConstantKind>(kind);
  switch (constant.kind) {
    case ConstantKind::kData:
      constant.is_immediate = in.u8() != 0;
      if (constant.is_immediate)
        constant.immediate = Value{in.u64()};
      else
        constant.bytes = in.text();
      if (constant.is_immediate && !is_plain_immediate(constant.immediate)) in.fail("a constant that is no word of its own");
      break;
    case ConstantKind::kGlobal:
      constant.bytes = in.text();
      break;
    case ConstantKind::kFunction:
      in.bytes(constant.function_hash.data(), constant.function_hash.size());
      constant.function_expected = in.varint();
      get_captures(in, constant.function_captures);
      break;
  }
  return constant;
}

void get_keys(ByteReader& in, FunctionCode& f) {
  f.rest_has_keys = in.u8() != 0;
  f.other_keys = in.u8() != 0;
  f.keys.resize(in.count(2));
  for (KeyParameter& key : f.keys) {
    key.constant = in.varint_as<uint16_t>();
    key.required = in.u8() != 0;
  }
}

void get_shape(ByteReader& in, FunctionCode& f) {
  if (in.u32() != kAbiVersion) in.fail("another version of the bytecode");
  f.required = in.varint_as<uint16_t>();
  f.optional = in.varint_as<uint16_t>();
  f.rest = in.varint() != 0;
  f.register_count = in.varint_as<uint16_t>();
  get_keys(in, f);
}

void get_code(ByteReader& in, FunctionCode& f) {
  f.code.resize(in.count(sizeof(Instr)));
  in.bytes(f.code.data(), f.code.size() * sizeof(Instr));
}

void get_constants(ByteReader& in, PortableFunction& out) {
  size_t count = in.count(2);
  for (size_t i = 0; i < count && !in.failed(); ++i) {
    out.constants.push_back(get_constant(in));
    out.code.constants.push_back(out.constants.back().kind);
  }
}

void get_regions(ByteReader& in, FunctionCode& f) {
  f.handlers.resize(in.count(3));
  for (HandlerRegion& region : f.handlers) {
    region.start = in.varint_as<uint32_t>();
    region.end = in.varint_as<uint32_t>();
    region.handler = in.varint_as<uint32_t>();
  }
}

void get_description(ByteReader& in, FunctionCode& f) {
  f.name = in.text();
  f.source = in.text();
  f.lines.resize(in.count(3));
  for (LineEntry& entry : f.lines) {
    entry.pc = in.varint_as<uint32_t>();
    entry.line = in.varint_as<uint32_t>();
    entry.column = in.varint_as<uint32_t>();
  }
  for (size_t count = in.count(1); count > 0 && !in.failed(); --count) {
    auto pc = in.varint_as<uint32_t>();
    if (pc >= f.code.size()) in.fail("left at an instruction that is not there");
    if (!in.failed()) f.left_at.add(pc, f.code.size());
  }
}

Hash hash_of(const std::vector<uint8_t>& bytes) {
  Hash hash;
  blake2b(hash.data(), bytes.data(), nullptr, hash.size(), bytes.size(), 0);
  return hash;
}

}  // namespace

void note_record_types(const value::Proto* proto) {
  for (const Instr& i : proto->function->code) {
    if (!names_record_type(static_cast<Op>(i.op))) continue;
    const Value held = value::as<value::Cell>(proto->constant[i.b])->value;
    if (value::is_type(held, value::Type::kRecordType)) note_feedback(&i, static_cast<uint8_t>(~value::as<value::RecordType>(held)->raw_fields()));
  }
}

std::vector<uint8_t> encode(const value::Proto* proto) {
  ByteWriter out;
  put_meaning(out, proto);
  put_description(out, *proto->function);
  return out.take();
}

void compute_hash(value::Proto* proto) {
  ByteWriter out;
  put_meaning(out, proto);
  proto->function->hash = hash_of(out.take());
}

std::unique_ptr<PortableFunction> decode(std::span<const uint8_t> bytes, std::string* error) {
  ByteReader in(bytes);
  auto out = std::make_unique<PortableFunction>();
  get_shape(in, out->code);
  get_code(in, out->code);
  get_constants(in, *out);
  get_captures(in, out->code.captures);
  get_regions(in, out->code);
  size_t meaning = in.position();
  get_description(in, out->code);
  if (!in.failed() && !in.at_end()) in.fail("bytes left over");
  if (in.failed()) {
    if (error != nullptr) *error = in.reason();
    return nullptr;
  }
  out->code.hash = hash_of({bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(meaning)});
  return out;
}

}  // namespace terrace::bytecode
