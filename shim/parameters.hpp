// shim/parameters.hpp: what the interface says about the parameters of tier/params.def.
#pragma once

#include "errors.hpp"
#include "tier/parameters.hpp"

namespace terrace::shim {

inline jit_status out_of_bounds(Report& report, const tier::ParamInfo& info, int64_t value) {
  return report.fail(JIT_E_RANGE, "%s is to be from %lld to %lld, not %lld", info.name, static_cast<long long>(info.least),
                     static_cast<long long>(info.most), static_cast<long long>(value));
}

}  // namespace terrace::shim
