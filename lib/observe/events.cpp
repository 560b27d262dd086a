// observe/events.cpp: the queues of events and the listener's thread.
#include "observe/events.hpp"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>

namespace terrace::observe {
namespace {

constexpr size_t kThreadStackBytes = 256 * 1024;
constexpr size_t kLongestWaiting = 100000;

constexpr EventInfo kInfos[] = {
#define T_EVENT(name, json, level, text) {json, level, text},
#include "observe/events.def"
#undef T_EVENT
};

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

}  // namespace

const EventInfo& event_info(EventKind kind) { return kInfos[static_cast<size_t>(kind)]; }

std::string describe(const Event& event) {
  std::string text = event.function;
  auto add = [&](std::string_view part, std::string_view between) {
    if (part.empty()) return;
    if (!text.empty()) text += between;
    text += part;
  };
  add(event.tier, " ");
  if (event.reason != Reason::kNone) add(reason_text(event.reason).sentence, ": ");
  add(event.detail, event.reason == Reason::kNone ? ": " : " ");
  return text;
}

// The queues and the thread of one process.
class Events::Core {
 public:
  explicit Core(const Listener* listener) : listener_(listener), owner_(getpid()) {}

  ~Core() {
    bool has_thread;
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
      has_thread = has_thread_;
    }
    changed_.notify_all();
    if (has_thread) pthread_join(thread_, nullptr);
  }

  pid_t owner() const { return owner_; }

  void tell(Event&& event, size_t kept) {
    std::lock_guard lock(mutex_);
    event.number = ++last_;
    event.time_ns = now_ns();
    if (*listener_ && (has_thread_ || start_thread())) {
      if (waiting_.size() >= kLongestWaiting) drop_oldest(waiting_);
      waiting_.push_back(event);
      changed_.notify_all();
    }
    if (kept == 0) return;
    kept_.push_back(std::move(event));
    while (kept_.size() > kept) drop_oldest(kept_);
  }

  std::vector<Event> poll() {
    std::lock_guard lock(mutex_);
    std::vector<Event> all(std::make_move_iterator(kept_.begin()), std::make_move_iterator(kept_.end()));
    kept_.clear();
    return all;
  }

  void keep_at_most(size_t most) {
    std::lock_guard lock(mutex_);
    while (kept_.size() > most) drop_oldest(kept_);
  }

  void flush(std::chrono::milliseconds longest) {
    std::unique_lock lock(mutex_);
    if (!has_thread_) return;
    const uint64_t until = last_;
    changed_.wait_for(lock, longest, [&] { return !calling_ && (waiting_.empty() || waiting_.front().number > until); });
  }

  uint64_t lost() const {
    std::lock_guard lock(mutex_);
    return lost_;
  }

 private:
  void drop_oldest(std::deque<Event>& queue) {
    queue.pop_front();
    lost_++;
  }

  // The host's signal handlers must never run on our thread, so it is born with everything blocked.
  bool start_thread() {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kThreadStackBytes);
    has_thread_ = pthread_create(&thread_, &attributes, thread_main, this) == 0;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return has_thread_;
  }

  static void* thread_main(void* self) {
    fesetenv(FE_DFL_ENV);
    pthread_setname_np(pthread_self(), "terrace-events");
    static_cast<Core*>(self)->run();
    return nullptr;
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      Event event = std::move(waiting_.front());
      waiting_.pop_front();
      calling_ = true;
      lock.unlock();
      (*listener_)(event);
      lock.lock();
      calling_ = false;
      changed_.notify_all();
    }
  }

  const Listener* listener_;
  const pid_t owner_;
  pthread_t thread_{};
  mutable std::mutex mutex_;  // guards the following
  std::condition_variable changed_;
  std::deque<Event> waiting_;  // for the listener
  std::deque<Event> kept_;     // for poll
  uint64_t last_ = 0;
  uint64_t lost_ = 0;
  bool has_thread_ = false;
  bool calling_ = false;
  bool stop_ = false;
};

namespace {
const Events::Listener kNobody;
}

Events::Events(Listener listener) : listener_(std::move(listener)), core_(new Core(&listener_)) {}

// What the parent of a fork made is left alone: its mutex may be held for ever.
Events::~Events() {
  Core* core = core_.load();
  if (core->owner() == getpid()) delete core;
}

Events::Core& Events::core() const {
  Core* current = core_.load(std::memory_order_acquire);
  if (current->owner() == getpid()) return *current;
  auto* fresh = new Core(&kNobody);
  if (core_.compare_exchange_strong(current, fresh)) return *fresh;
  delete fresh;
  return *current;
}

void Events::set_kept(size_t most) {
  kept_.store(most, std::memory_order_relaxed);
  core().keep_at_most(most);
}

bool Events::wanted(EventKind kind) const {
  if (event_info(kind).level > level_.load(std::memory_order_relaxed)) return false;
  return listener_ || kept_.load(std::memory_order_relaxed) > 0;
}

void Events::tell(Event event) {
  if (wanted(event.kind)) core().tell(std::move(event), kept_.load(std::memory_order_relaxed));
}

std::vector<Event> Events::poll() { return core().poll(); }
void Events::flush(std::chrono::milliseconds longest) { core().flush(longest); }
uint64_t Events::lost() const { return core().lost(); }

}  // namespace terrace::observe
