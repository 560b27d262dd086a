// shim/layout.cpp: the layouts that bindings in other languages have written down. A failure here is a break of the ABI.
#include <cstddef>

#include "terrace/jit.h"

#define T_AT(type, field, offset) static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")

static_assert(sizeof(void*) == 8 && sizeof(size_t) == 8);
static_assert(sizeof(jit_status) == 4);

static_assert(sizeof(jit_value) == 24 && alignof(jit_value) == 8);
T_AT(jit_value, kind, 0);
T_AT(jit_value, type, 4);
T_AT(jit_value, as, 8);
T_AT(jit_value, size, 16);

// Structs that begin with their size grow at the end only.
static_assert(sizeof(jit_engine_options) == 104);
T_AT(jit_engine_options, size, 0);
T_AT(jit_engine_options, mode, 8);
T_AT(jit_engine_options, workers, 12);
T_AT(jit_engine_options, threshold, 16);
T_AT(jit_engine_options, budget, 24);
T_AT(jit_engine_options, budget_bytes, 32);
T_AT(jit_engine_options, worker_path, 40);
T_AT(jit_engine_options, on_event, 48);
T_AT(jit_engine_options, event_env, 56);
T_AT(jit_engine_options, event_finalizer, 64);
T_AT(jit_engine_options, store_path, 72);
T_AT(jit_engine_options, store_limit, 80);
T_AT(jit_engine_options, preset, 88);
T_AT(jit_engine_options, settings, 96);

static_assert(sizeof(jit_param_data) == 72);
T_AT(jit_param_data, name, 8);
T_AT(jit_param_data, unit, 16);
T_AT(jit_param_data, text, 24);
T_AT(jit_param_data, value, 32);
T_AT(jit_param_data, default_value, 40);
T_AT(jit_param_data, least, 48);
T_AT(jit_param_data, most, 56);
T_AT(jit_param_data, at_start, 64);

static_assert(sizeof(jit_vm_options) == 80);
T_AT(jit_vm_options, size, 0);
T_AT(jit_vm_options, heap_limit, 8);
T_AT(jit_vm_options, stack_limit, 16);
T_AT(jit_vm_options, gc_stress, 24);
T_AT(jit_vm_options, reserved, 28);
T_AT(jit_vm_options, write, 32);
T_AT(jit_vm_options, write_env, 40);
T_AT(jit_vm_options, write_finalizer, 48);
T_AT(jit_vm_options, fuel, 56);
T_AT(jit_vm_options, output_limit, 64);
T_AT(jit_vm_options, no_control, 72);

static_assert(sizeof(jit_stats_data) == 296);
T_AT(jit_stats_data, entries, 8);
T_AT(jit_stats_data, threshold, 40);
T_AT(jit_stats_data, pinned, 80);
T_AT(jit_stats_data, queued, 136);
T_AT(jit_stats_data, heap_collections, 192);
T_AT(jit_stats_data, store_rejected, 232);
T_AT(jit_stats_data, deopts, 240);
T_AT(jit_stats_data, events_lost, 288);

// engine/statistics.def names every field but the size.
#define T_STATISTIC(name) +1
static_assert(sizeof(jit_stats_data) / 8 == 1
#include "engine/statistics.def"
);
