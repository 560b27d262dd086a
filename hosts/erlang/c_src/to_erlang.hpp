// to_erlang.hpp: values of SX as terms of Erlang. README.md has the table.
//
// Answers for: the mapping, at any depth without recursion; structures that contain themselves are refused. Not for:
// the way in (to_sx.hpp). Precondition: the caller has the turn in the vm.
#pragma once

#include "failure.hpp"
#include "values.hpp"

namespace terrace::erlang {

class ToErlang {
 public:
  // Throws TooLong beyond `limit` values.
  ToErlang(ErlNifEnv* env, const Held<Vm>& vm, size_t limit) : env_(env), vm_(vm), left_(limit) {}
  // Takes the value over. Throws Failure.
  Term convert(const jit_value& value);
  // The value without its inside: a reference, unless it needs none. Takes the value over.
  Term as_reference(const jit_value& value);

 private:
  enum class Shape { kList, kImproper, kTuple, kVector, kDict };
  struct Frame {
    Shape shape;
    Values items;
    std::vector<Term> terms;
  };

  bool enter(const jit_value& value, Term* done);
  bool enter_ref(const jit_value& value, Term* done);
  void open(Shape shape, const jit_ref* ref, size_t count);
  void open_list(const jit_ref* ref);
  void open_improper(const jit_ref* ref);
  Term finish(Frame& frame) const;
  Term finish_tuple(const std::vector<Term>& terms) const;
  Term finish_dict(const std::vector<Term>& terms) const;
  Term list_of(const std::vector<Term>& terms, size_t count, Term tail) const;

  Term real(double number) const;
  Term symbol(const jit_ref* ref) const;
  Term keyword(const jit_ref* ref) const;
  Term string(const jit_ref* ref) const;
  Term bytes(const jit_ref* ref) const;
  Term doubles(const jit_ref* ref) const;
  Term integers(const jit_ref* ref) const;
  Term big_integer(const jit_ref* ref) const;
  Term ratio(const jit_ref* ref) const;
  Term host_object(const jit_value& value);
  Term tagged(Term tag, Term of) const { return enif_make_tuple2(env_, tag, of); }
  std::string_view text_of(const jit_ref* ref) const;
  std::string printed(const jit_ref* ref) const;
  size_t length_of(const jit_ref* ref) const;

  ErlNifEnv* env_;
  Held<Vm> vm_;
  size_t left_;
  std::vector<Frame> frames_;
};

}  // namespace terrace::erlang
