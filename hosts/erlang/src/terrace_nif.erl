%% The native functions, one for one. terrace_run and terrace give them their shape; nobody else calls them.
%% Every answer is ok, {ok, Value} or {error, busy | #{kind, message, ...}}; those that run programs answer a
%% terrace_run:step(). c_src/ says what each one does.
-module(terrace_nif).

-export([open_library/1, engine_new/11, vm_new/5, release/1, vm_of/1,
         eval/5, call/5, resume/4, resume_error/4, cancel/1, continue/1, interrupt/2, tell_when_free/2,
         define/3, lookup/3, value/1, type/1, print/3, equal/3,
         set_threshold/2, set_budget/2, set_budget_bytes/2, pin/2, unpin/2, reset/1, clear_cold/2,
         exclude/2, allow/2, optimize/3, demote/2, wait/2, stats/1, explain/2,
         param_get/2, param_set/3, params/1, set_preset/2, report/1, report_data/1, memory_pressure/2, idle/2,
         pin_function/2, unpin_function/2]).

-nifs([open_library/1, engine_new/11, vm_new/5, release/1, vm_of/1,
       eval/5, call/5, resume/4, resume_error/4, cancel/1, continue/1, interrupt/2, tell_when_free/2,
       define/3, lookup/3, value/1, type/1, print/3, equal/3,
       set_threshold/2, set_budget/2, set_budget_bytes/2, pin/2, unpin/2, reset/1, clear_cold/2,
       exclude/2, allow/2, optimize/3, demote/2, wait/2, stats/1, explain/2,
       param_get/2, param_set/3, params/1, set_preset/2, report/1, report_data/1, memory_pressure/2, idle/2,
       pin_function/2, unpin_function/2]).

-on_load(load/0).

-define(NIF, erlang:nif_error(not_loaded)).

load() ->
    erlang:load_nif(filename:join(terrace_library:priv_dir(), "terrace_nif"), none).

open_library(_Path) -> ?NIF.
engine_new(_Mode, _Workers, _Threshold, _Budget, _BudgetBytes, _Worker, _Listener, _Preset, _Settings, _Store,
           _StoreLimit) -> ?NIF.
vm_new(_Engine, _HeapLimit, _StackLimit, _GcStress, _WritesTo) -> ?NIF.
release(_Object) -> ?NIF.
vm_of(_Object) -> ?NIF.

eval(_Vm, _Source, _Name, _Limit, _Form) -> ?NIF.
call(_Vm, _Function, _Arguments, _Limit, _Form) -> ?NIF.
resume(_Computation, _Value, _Limit, _Form) -> ?NIF.
resume_error(_Computation, _Message, _Limit, _Form) -> ?NIF.
cancel(_Computation) -> ?NIF.
continue(_Run) -> ?NIF.
interrupt(_Vm, _Process) -> ?NIF.
tell_when_free(_Vm, _Tag) -> ?NIF.

define(_Vm, _Name, _Value) -> ?NIF.
lookup(_Vm, _Name, _Form) -> ?NIF.
value(_Reference) -> ?NIF.
type(_Reference) -> ?NIF.
print(_Vm, _Value, _Readable) -> ?NIF.
equal(_Vm, _A, _B) -> ?NIF.

set_threshold(_Engine, _Calls) -> ?NIF.
set_budget(_Engine, _Entries) -> ?NIF.
set_budget_bytes(_Engine, _Bytes) -> ?NIF.
pin(_Engine, _Name) -> ?NIF.
unpin(_Engine, _Name) -> ?NIF.
reset(_Engine) -> ?NIF.
clear_cold(_Engine, _Generations) -> ?NIF.
exclude(_Engine, _Pattern) -> ?NIF.
allow(_Engine, _Pattern) -> ?NIF.
optimize(_Vm, _Function, _Tier) -> ?NIF.
demote(_Vm, _Function) -> ?NIF.
wait(_Engine, _Milliseconds) -> ?NIF.
stats(_Engine) -> ?NIF.
explain(_Vm, _Function) -> ?NIF.
param_get(_Engine, _Name) -> ?NIF.
param_set(_Engine, _Name, _Value) -> ?NIF.
params(_Engine) -> ?NIF.
set_preset(_Engine, _Name) -> ?NIF.
report(_Engine) -> ?NIF.
report_data(_Engine) -> ?NIF.
memory_pressure(_Engine, _Level) -> ?NIF.
idle(_Engine, _Nanoseconds) -> ?NIF.
pin_function(_Vm, _Function) -> ?NIF.
unpin_function(_Vm, _Function) -> ?NIF.
