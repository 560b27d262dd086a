// shim/errors.hpp: what a jit_error handle stands for, and how every function of the interface reports.
//
// Answers for: text and kind of failures, and taking SX errors apart. Not for: deciding what is one.
// Invariant: a Report never throws and never fails twice; when there is no memory for an error object, the status alone
// tells.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "terrace/jit.h"
#include "vm.hpp"

namespace terrace::shim {

// What a jit_error handle stands for. Immutable once its handle exists.
struct ErrorRecord {
  jit_status status = JIT_E_STATE;
  std::string message;
  std::string kind;
  std::string source;
  uint32_t line = 0;
  uint32_t column = 0;
  std::string trace;
  // The raised value: a reference held in this vm; none when the vm is null.
  std::shared_ptr<Vm> vm;
  uint32_t reference = 0;
  uint16_t type = 0;

  ErrorRecord() = default;
  ~ErrorRecord();
  ErrorRecord(const ErrorRecord&) = delete;
  ErrorRecord& operator=(const ErrorRecord&) = delete;
};

// The handle of a new error; null when there is no memory.
jit_error* make_error(std::shared_ptr<ErrorRecord> record) noexcept;

// Where one call of the interface says what went wrong. Every function that fails answers the status, to be returned.
class Report {
 public:
  // `where` is the name of the C function. *err is set to null.
  Report(const char* where, jit_error** err) : where_(where), err_(err) {
    if (err_) *err_ = nullptr;
  }
  const char* where() const { return where_; }

  // The message is "<where>: <text>".
  [[gnu::format(printf, 3, 4)]] jit_status fail(jit_status status, const char* format, ...) noexcept;
  jit_status bad_handle(const char* noun, const void* handle) noexcept;
  jit_status no_output(const char* name) noexcept;
  jit_status no_memory() noexcept;
  // For a raised value that nobody handled; inside an Entry.
  jit_status raised(Vm& vm, Value value);

 private:
  void set(std::shared_ptr<ErrorRecord> record) noexcept;
  const char* where_;
  jit_error** err_;
};

}  // namespace terrace::shim
