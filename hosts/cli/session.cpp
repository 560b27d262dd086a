#include "session.hpp"

#include <utility>

namespace terrace::cli {

namespace {

jit_value text_value(uint32_t kind, std::string_view text) {
  jit_value value{};
  value.kind = kind;
  value.as.data = text.data();
  value.size = text.size();
  return value;
}

void write_to_session(void* env, const char* data, size_t size) {
  (*static_cast<std::function<void(std::string_view)>*>(env))({data, size});
}

// The interface reads 0 as "the default"; a user who says 0 means what the control function of that name means by it.
int64_t option_or_default(const std::optional<int64_t>& setting) {
  if (!setting) return 0;
  return *setting == 0 ? -1 : *setting;
}

}  // namespace

std::string describe(const Failure& failure) {
  std::string text;
  if (failure.line != 0) {
    text = (failure.source.empty() ? "?" : failure.source) + ":" + std::to_string(failure.line) + ":" +
           std::to_string(failure.column) + ": ";
  }
  text += failure.kind + ": " + failure.message;
  size_t start = 0;
  while (start < failure.trace.size()) {
    size_t stop = std::min(failure.trace.find('\n', start), failure.trace.size());
    text += "\n  " + failure.trace.substr(start, stop - start);
    start = stop + 1;
  }
  return text;
}

Failure take_failure(const Library& library, jit_status status, jit_error* error) {
  Failure failure;
  failure.kind = library.status_name(status);
  if (error == nullptr) return failure;
  if (const char* kind = library.error_kind(error); *kind != '\0') failure.kind = kind;
  failure.message = library.error_message(error);
  failure.source = library.error_source(error);
  failure.line = library.error_line(error);
  failure.column = library.error_column(error);
  failure.trace = library.error_trace(error);
  library.error_release(error);
  return failure;
}

Engine::Engine(const Library& library, const Settings& settings) : library_(library) {
  jit_engine_options options{};
  options.size = sizeof options;
  options.mode = settings.mode;
  options.threshold = option_or_default(settings.threshold);
  options.budget = option_or_default(settings.budget);
  options.worker_path = settings.worker_path.empty() ? nullptr : settings.worker_path.c_str();
  options.store_path = settings.store ? settings.store->c_str() : nullptr;
  options.store_limit = settings.store_limit;
  options.preset = settings.preset.empty() ? nullptr : settings.preset.c_str();
  std::string params;
  for (const std::string& param : settings.params) params += param + " ";
  options.settings = params.c_str();
  jit_error* error = nullptr;
  status_ = library_.engine_new(&options, &engine_, &error);
  if (status_ != JIT_OK) problem_ = describe(take_failure(library_, status_, error));
}

jit_stats_data Engine::stats() const {
  jit_stats_data data{};
  data.size = sizeof data;
  library_.stats(engine_, &data, nullptr);
  return data;
}

std::string Engine::text(jit_status (*function)(jit_engine*, char**, jit_error**)) const {
  char* text = nullptr;
  if (function(engine_, &text, nullptr) != JIT_OK) return {};
  std::string copy = text;
  library_.text_release(text);
  return copy;
}

Session::Session(Engine& engine, const Settings& settings, std::function<void(std::string_view)> write, EffectHost effects)
    : library_(engine.library()), write_(std::move(write)), effects_(std::move(effects)) {
  jit_vm_options options{};
  options.size = sizeof options;
  options.heap_limit = settings.heap_limit;
  options.stack_limit = settings.stack_limit;
  options.fuel = settings.fuel;
  options.output_limit = settings.output_limit;
  options.no_control = settings.no_control ? 1 : 0;
  options.gc_stress = settings.gc_stress ? 1 : 0;
  options.write = write_to_session;
  options.write_env = &write_;
  jit_error* error = nullptr;
  jit_status status = library_.vm_new(engine.get(), &options, &vm_, &error);
  if (status != JIT_OK) problem_ = describe(take_failure(library_, status, error));
}

Outcome Session::run(std::string_view source, const std::string& name) {
  Step step;
  step.status = library_.eval(vm_, source.data(), source.size(), name.c_str(), &step.result, &step.computation, &step.error);
  return finish(step);
}

Outcome Session::call(const std::string& function, const std::vector<std::string>& arguments) {
  jit_value callee = text_value(JIT_SYMBOL, function);
  std::vector<jit_value> values;
  for (const auto& argument : arguments) values.push_back(text_value(JIT_STRING, argument));
  Step step;
  step.status =
      library_.call(vm_, &callee, values.data(), values.size(), &step.result, &step.computation, &step.error);
  return finish(step);
}

Outcome Session::finish(Step step) {
  while (true) {
    if (step.status == JIT_OK) return {Outcome::Kind::kDone, Value(library_, step.result), {}};
    if (step.status < 0) {
      return {Outcome::Kind::kFailed, {}, take_failure(library_, step.status, step.error)};
    }
    if (step.status == JIT_SUSPENDED) {
      if (!answer(&step)) return {Outcome::Kind::kCancelled, {}, {}};
    } else if (interrupt_policy_ && interrupt_policy_()) {
      step = go_on(step);
    } else {
      end(step);
      return {Outcome::Kind::kCancelled, {}, {}};
    }
  }
}

bool Session::answer(Step* step) {
  const Step suspended = *step;
  Value list(library_, suspended.result);
  Request request = read_request(list.raw());
  Answer answer = effects_(library_, request);
  if (answer.kind == Answer::Kind::kCancel) {
    end(suspended);
    return false;
  }
  Step next;
  if (answer.kind == Answer::Kind::kError) {
    next.status = library_.resume_error(suspended.computation, answer.text.data(), answer.text.size(), &next.result,
                                        &next.computation, &next.error);
  } else {
    if (answer.kind == Answer::Kind::kString) answer.value = text_value(JIT_STRING, answer.text);
    next.status =
        library_.resume(suspended.computation, &answer.value, &next.result, &next.computation, &next.error);
  }
  library_.computation_release(suspended.computation);
  *step = next;
  return true;
}

Session::Step Session::go_on(const Step& interrupted) {
  Step next;
  next.status = library_.resume(interrupted.computation, nullptr, &next.result, &next.computation, &next.error);
  library_.computation_release(interrupted.computation);
  return next;
}

void Session::end(const Step& interrupted) {
  library_.cancel(interrupted.computation, nullptr);
  library_.computation_release(interrupted.computation);
}

Request Session::read_request(const jit_value& list) const {
  Request request;
  size_t count = 0;
  if (list.kind != JIT_REF || library_.length(list.as.ref, &count, nullptr) != JIT_OK || count == 0) return request;
  std::vector<jit_value> items(count);
  if (library_.items(list.as.ref, 0, items.data(), count, &count, nullptr, nullptr) != JIT_OK) return request;
  Value operation(library_, items[0]);
  request.operation = print(operation.raw(), false);
  for (size_t i = 1; i < count; ++i) request.arguments.emplace_back(library_, items[i]);
  return request;
}

bool Session::define_strings(const std::string& name, const std::vector<std::string>& strings) {
  std::vector<jit_value> values;
  for (const auto& text : strings) values.push_back(text_value(JIT_STRING, text));
  jit_value list{};
  list.kind = JIT_REF;
  if (library_.list_new(vm_, values.data(), values.size(), &list.as.ref, nullptr) != JIT_OK) return false;
  if (list.as.ref == nullptr) list.kind = JIT_NIL;
  Value owned(library_, list);
  return library_.define(vm_, name.data(), name.size(), &list, nullptr) == JIT_OK;
}

std::string Session::print(const jit_value& value, bool readable) const {
  jit_ref* text = nullptr;
  if (library_.print(vm_, &value, readable ? 1 : 0, &text, nullptr) != JIT_OK) return "#<unprintable>";
  const char* data = nullptr;
  size_t size = 0;
  library_.string_data(text, &data, &size, nullptr);
  std::string copy(data == nullptr ? "" : data, size);
  library_.ref_release(text);
  return copy;
}

}  // namespace terrace::cli
