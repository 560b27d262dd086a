-- What the programs for LuaJIT print: see measure.h. Answers a function that takes the table from names to functions.
local ffi = require "ffi"
ffi.cdef [[typedef struct { long s, n; } ts_t; int clock_gettime(int, ts_t *);]]
local ts = ffi.new "ts_t"
local function now()
  ffi.C.clock_gettime(1, ts)
  return tonumber(ts.s) + tonumber(ts.n) * 1e-9
end

return function(runs)
  local name, samples, seconds, warm = arg[1], tonumber(arg[2] or 0), tonumber(arg[3] or 0), tonumber(arg[4] or 0)
  local run = runs[name]
  local start = now()
  local words = { name, string.format("%.0f", run()) }
  while samples > 0 and now() - start < warm do run() end
  start = now()
  for i = 1, samples do
    if i > 1 and now() - start >= seconds then break end
    local began = now()
    run()
    words[#words + 1] = string.format("%.9f", now() - began)
  end
  print(table.concat(words, " "))
end
