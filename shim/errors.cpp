// shim/errors.cpp: making errors, taking SX errors apart, and the jit_error_ functions.
#include "errors.hpp"

#include <cstdarg>
#include <cstdio>
#include <new>

#include "convert.hpp"
#include "handles.hpp"

namespace terrace::shim {

using namespace value;

namespace {

std::string formatted(const char* format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  const int size = vsnprintf(nullptr, 0, format, again);
  va_end(again);
  std::string text(size > 0 ? static_cast<size_t>(size) : 0, '\0');
  if (size > 0) vsnprintf(text.data(), text.size() + 1, format, arguments);
  return text;
}

// One entry of an error's trace: (function-name source line column).
struct TraceEntry {
  std::string name;
  std::string source;
  uint32_t line = 0;
  uint32_t column = 0;
};

TraceEntry read_entry(Value list) {
  TraceEntry entry;
  uint32_t numbers = 0;
  for (; is_pair(list); list = cdr(list)) {
    Value v = car(list);
    if (is_symbol(v) && entry.name.empty()) entry.name = frame::symbol_name(v);
    if (is_string(v)) entry.source = frame::string_view_of(v);
    if (is_fixnum(v)) (numbers++ == 0 ? entry.line : entry.column) = static_cast<uint32_t>(fixnum_value(v));
  }
  return entry;
}

void read_trace(Value trace, ErrorRecord& record) {
  for (; is_pair(trace); trace = cdr(trace)) {
    TraceEntry entry = read_entry(car(trace));
    if (record.line == 0 && entry.line != 0) {
      record.source = entry.source;
      record.line = entry.line;
      record.column = entry.column;
    }
    if (entry.name.empty()) continue;  // a place in source that was not running yet
    record.trace += entry.name + " (" + entry.source + ":" + std::to_string(entry.line) + ":" +
                    std::to_string(entry.column) + ")\n";
  }
}

// The message of (error "text" irritant ...) shows the irritants, which the error object keeps apart.
void read_message(Vm& vm, const Error& error, ErrorRecord& record) {
  record.message =
      is_string(error.message) ? std::string(frame::string_view_of(error.message)) : print(vm, error.message);
  if (record.kind != "error") return;
  for (Value rest = error.irritants; is_pair(rest); rest = cdr(rest)) record.message += " " + print(vm, car(rest));
}

// Errors of the reader and the compiler begin with their place for programs that catch them; a host has it apart.
void drop_place(ErrorRecord& record) {
  const std::string place =
      record.source + ":" + std::to_string(record.line) + ":" + std::to_string(record.column) + ": ";
  if (record.message.starts_with(place)) record.message.erase(0, place.size());
}

}  // namespace

ErrorRecord::~ErrorRecord() {
  if (vm) vm->instance->drop_reference(reference);
}

jit_error* make_error(std::shared_ptr<ErrorRecord> record) noexcept {
  try {
    return static_cast<jit_error*>(make_handle(Kind::kError, std::move(record)));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void Report::set(std::shared_ptr<ErrorRecord> record) noexcept {
  if (err_) *err_ = make_error(std::move(record));
}

jit_status Report::fail(jit_status status, const char* format, ...) noexcept {
  if (!err_) return status;
  va_list arguments;
  va_start(arguments, format);
  try {
    auto record = std::make_shared<ErrorRecord>();
    record->status = status;
    record->message = std::string(where_) + ": " + formatted(format, arguments);
    set(std::move(record));
  } catch (const std::bad_alloc&) {
    *err_ = nullptr;
  }
  va_end(arguments);
  return status;
}

jit_status Report::bad_handle(const char* noun, const void* handle) noexcept {
  if (!handle) return fail(JIT_E_HANDLE, "the %s is NULL", noun);
  return fail(JIT_E_HANDLE, "the %s handle is not alive: it was released, or it is a handle of another kind", noun);
}

jit_status Report::no_output(const char* name) noexcept {
  return fail(JIT_E_ARGUMENT, "'%s' is NULL, but the answer must go somewhere", name);
}

jit_status Report::no_memory() noexcept { return fail(JIT_E_MEMORY, "the system has no memory left for this call"); }

jit_status Report::raised(Vm& vm, Value value) {
  if (!err_) return JIT_E_SX;
  auto record = std::make_shared<ErrorRecord>();
  record->status = JIT_E_SX;
  if (is_error(value)) {
    const auto& error = *as<Error>(value);
    if (is_symbol(error.kind)) record->kind = frame::symbol_name(error.kind);
    read_message(vm, error, *record);
    read_trace(error.trace, *record);
    drop_place(*record);
  } else {
    record->kind = "uncaught";
    record->message = "uncaught: " + print(vm, value);
  }
  record->reference = vm.instance->add_reference(value);
  record->vm = vm.shared_from_this();
  set(std::move(record));
  return JIT_E_SX;
}

}  // namespace terrace::shim

using namespace terrace::shim;

namespace {

// What `read` finds in a live error, else `otherwise`.
template <class T, class Read>
T of_error(const jit_error* error, T otherwise, Read read) {
  Pin pin(Kind::kError, error);
  return pin ? read(pin.as<ErrorRecord>()) : otherwise;
}

}  // namespace

jit_error* jit_error_new(jit_status status, const char* message, size_t length) {
  try {
    auto record = std::make_shared<ErrorRecord>();
    record->status = status < 0 ? status : JIT_E_HOST;
    if (message) record->message.assign(message, length);
    return make_error(std::move(record));
  } catch (const std::exception&) {
    return nullptr;
  }
}

void jit_error_release(jit_error* error) { release_handle(Kind::kError, error); }

jit_status jit_error_status(const jit_error* error) {
  return of_error(error, jit_status{error ? JIT_E_HANDLE : JIT_OK}, [](const ErrorRecord& e) { return e.status; });
}
const char* jit_error_message(const jit_error* error) {
  return of_error(error, "", [](const ErrorRecord& e) { return e.message.c_str(); });
}
const char* jit_error_kind(const jit_error* error) {
  return of_error(error, "", [](const ErrorRecord& e) { return e.kind.c_str(); });
}
const char* jit_error_source(const jit_error* error) {
  return of_error(error, "", [](const ErrorRecord& e) { return e.source.c_str(); });
}
uint32_t jit_error_line(const jit_error* error) {
  return of_error(error, uint32_t{0}, [](const ErrorRecord& e) { return e.line; });
}
uint32_t jit_error_column(const jit_error* error) {
  return of_error(error, uint32_t{0}, [](const ErrorRecord& e) { return e.column; });
}
const char* jit_error_trace(const jit_error* error) {
  return of_error(error, "", [](const ErrorRecord& e) { return e.trace.c_str(); });
}

jit_status jit_error_value(const jit_error* error, jit_value* value) {
  if (!clear(value)) return JIT_E_ARGUMENT;
  return guarded("jit_error_value", nullptr, [&](Report& report) -> jit_status {
    Pin pin(Kind::kError, error);
    if (!pin) return JIT_E_HANDLE;
    auto& record = pin.as<ErrorRecord>();
    if (!record.vm) return JIT_E_NOT_FOUND;
    auto body = [&](Call& call) {
      to_host(call.vm, call.instance().reference(record.reference), value);
      return jit_status{JIT_OK};
    };
    return enter(report, *record.vm, nullptr, body);
  });
}

const char* jit_status_name(jit_status status) {
  switch (status) {
    case JIT_OK:
      return "ok";
    case JIT_SUSPENDED:
      return "suspended";
    case JIT_INTERRUPTED:
      return "interrupted";
    case JIT_E_ARGUMENT:
      return "bad argument";
    case JIT_E_HANDLE:
      return "bad handle";
    case JIT_E_BUSY:
      return "busy";
    case JIT_E_SX:
      return "sx error";
    case JIT_E_MEMORY:
      return "no memory";
    case JIT_E_STATE:
      return "not possible now";
    case JIT_E_TYPE:
      return "wrong type";
    case JIT_E_RANGE:
      return "out of range";
    case JIT_E_NOT_FOUND:
      return "not found";
    case JIT_E_HOST:
      return "host error";
    default:
      return "unknown";
  }
}

uint32_t jit_abi_version(void) { return 0u << 16 | 1u << 8 | 0u; }
const char* jit_version_string(void) { return "terrace " TERRACE_VERSION " (x86-64)"; }
