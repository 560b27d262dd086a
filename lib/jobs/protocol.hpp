// jobs/protocol.hpp: the messages between the engine and a compile worker.
//
// Answers for: message layout, limits, writing and reading them as bytes and over a stream socket. Both sides use this
// file, so they cannot disagree. Not for: processes, time limits and queues (jobs/pool.hpp, worker/supervisor.cpp).
//
// Every message is a 12-byte head {magic, kind, length} and `length` bytes, little-endian. One conversation:
//
//   worker                       engine
//   Hello            ------->    checks versions
//                    <-------    Batch       one at a time
//   Result           ------->                the same batch number
//                    <-------    end of file: the worker ends
//
// Invariant: what arrives is never trusted; every length is compared with the limits and with what is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bytecode/code.hpp"
#include "observe/reasons.hpp"

namespace terrace::jobs {

inline constexpr uint32_t kProtocolVersion = 4;
inline constexpr uint32_t kMagic = 0x31545254;  // "TRT1"
inline constexpr size_t kHeadBytes = 12;
inline constexpr size_t kMaxMessageBytes = size_t{64} << 20;
inline constexpr size_t kMaxBatchFunctions = 512;
inline constexpr size_t kMaxCompanions = 64;
inline constexpr size_t kMaxTextBytes = 16384;
// The descriptors with which a worker starts: the socket, and a pidfd of the host (or nothing).
inline constexpr int kWorkerSocket = 3;
inline constexpr int kWorkerHostPidfd = 4;

enum class MessageKind : uint32_t { kHello = 1, kBatch = 2, kResult = 3 };

// What a function is compiled for. The numbers travel and are stored in files.
enum class Tier : uint8_t { kBase = 1, kOpt = 2 };

// The worker's first words.
struct Hello {
  uint32_t protocol_version = kProtocolVersion;
  uint32_t abi_version = 0;  // bytecode::kAbiVersion
  uint32_t gcc_major = 0;
  uint32_t gcc_minor = 0;
  uint32_t gcc_patch = 0;
  uint32_t pid = 0;
};

// A function that the job's function, or another companion, calls by this global's name: code for it may become part of the job's.
struct Companion {
  std::string global;
  std::vector<uint8_t> encoding;
  bytecode::Hash hash{};
};

// One function to compile: the name it shall have in the object, its bytes (bytecode/encoding.hpp) with what it has seen, and its content
// hash, which leaves that out.
struct Job {
  std::string symbol;
  std::vector<uint8_t> encoding;
  bytecode::Hash hash{};
  bool has_run = false;      // before it was asked for: it is worth more of the compiler's time
  bool enters_loops = true;  // in the middle of a call; else, where loops are nested, only calls are entered, which is half as much code
  std::vector<Companion> companions;
};

struct Batch {
  uint64_t number = 0;
  Tier tier = Tier::kBase;
  uint32_t time_limit_ms = 10000;
  uint64_t memory_limit = 0;  // bytes of address space of the compiling process; 0: none
  std::vector<Job> jobs;
};

// The answer for a whole batch: an object file with all its symbols, or a reason.
struct Result {
  uint64_t number = 0;
  observe::Reason reason = observe::Reason::kNone;
  uint64_t compile_ns = 0;  // in the compiling process
  std::string text;         // what the compiler said
  std::vector<uint8_t> object;
};

struct Head {
  MessageKind kind;
  uint32_t length;
};

// Whole messages, head included.
std::vector<uint8_t> pack(const Hello& hello);
std::vector<uint8_t> pack(const Batch& batch);
std::vector<uint8_t> pack(const Result& result);

// False when the bytes are no head of a message within the limits.
bool unpack_head(std::span<const uint8_t> bytes, Head* head);
// False when the body (without head) is malformed; the output is then unspecified.
bool unpack(std::span<const uint8_t> body, Hello* hello);
bool unpack(std::span<const uint8_t> body, Batch* batch);
bool unpack(std::span<const uint8_t> body, Result* result);

// How many bytes a job adds to a batch.
size_t packed_bytes(const Job& job);
// Text cut to what a message may carry, its beginning and its end kept.
std::string clip_text(std::string text);

}  // namespace terrace::jobs
