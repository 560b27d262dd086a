// resource.hpp: objects that the emulator collects.
#pragma once

#include <erl_nif.h>

#include <new>
#include <type_traits>
#include <utility>

namespace terrace::erlang {

// The emulator's type for T; set when the NIF is loaded.
template <class T>
inline ErlNifResourceType* resource_type = nullptr;

// One share in an object; the object ends with the last share, be it here or in a term.
template <class T>
class Held {
 public:
  Held() = default;
  // Takes over a share.
  static Held adopt(T* object) {
    Held held;
    held.object_ = object;
    return held;
  }
  // Adds a share.
  static Held of(T* object) {
    if (object) enif_keep_resource(object);
    return adopt(object);
  }
  Held(const Held& other) : Held(of(other.object_)) {}
  Held(Held&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Held& operator=(Held other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Held() {
    if (object_) enif_release_resource(object_);
  }

  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  ERL_NIF_TERM term(ErlNifEnv* env) const { return enif_make_resource(env, object_); }

 private:
  T* object_ = nullptr;
};

// A new object. The constructor must not throw: the emulator would destroy what was never made.
template <class T, class... Arguments>
Held<T> make_resource(Arguments&&... arguments) {
  static_assert(std::is_nothrow_constructible_v<T, Arguments...>);
  void* memory = enif_alloc_resource(resource_type<T>, sizeof(T));
  if (!memory) throw std::bad_alloc();
  return Held<T>::adopt(new (memory) T(std::forward<Arguments>(arguments)...));
}

// The object of a term, alive as long as the term; null when it is none of this type.
template <class T>
T* get_resource(ErlNifEnv* env, ERL_NIF_TERM term) {
  void* object = nullptr;
  return enif_get_resource(env, term, resource_type<T>, &object) ? static_cast<T*>(object) : nullptr;
}

// Makes or takes over the type; false when the emulator refuses.
template <class T>
bool open_resource_type(ErlNifEnv* env, const char* name) {
  const auto flags = static_cast<ErlNifResourceFlags>(ERL_NIF_RT_CREATE | ERL_NIF_RT_TAKEOVER);
  ErlNifResourceTypeInit callbacks{};
  callbacks.dtor = [](ErlNifEnv*, void* object) { static_cast<T*>(object)->~T(); };
  resource_type<T> = enif_open_resource_type_x(env, name, &callbacks, flags, nullptr);
  return resource_type<T> != nullptr;
}

}  // namespace terrace::erlang
