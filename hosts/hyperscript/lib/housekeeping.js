// Ties an engine to what Node tells of its own idle time and collections.
'use strict';
const { PerformanceObserver, performance, constants } = require('node:perf_hooks');
const v8 = require('node:v8');

const BUSY = 0.5; // share of the time in which the event loop works, above which it is not idle
const FULL = 0.8; // share of the heap that V8 may use, above which memory is short

/**
 * Housekeeping for an engine until the answered function is called: every `everyMs` milliseconds, when the event loop had little to do since
 * the last time, for at most `budgetMs`; and after a full collection of Node's own that left its heap nearly full, `memoryPressure`. Keeps
 * neither the process nor the engine's vms from ending.
 */
function keepHouse(engine, { everyMs = 1000, budgetMs = 5, heapShare = FULL, onPressure = () => {} } = {}) {
  // An engine that was closed needs no housekeeping.
  const tidy = (work) => { try { work(); } catch { stop(); } };
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    // After what is waiting has had its turn.
    if (utilization < BUSY) setImmediate(tidy, () => engine.housekeep(budgetMs)).unref();
  }, everyMs);
  timer.unref();

  const observer = new PerformanceObserver((list) => {
    const isFull = list.getEntries().some((entry) => entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR);
    const { used_heap_size: used, heap_size_limit: most } = v8.getHeapStatistics();
    if (isFull && used >= most * heapShare) tidy(() => onPressure(engine.memoryPressure()));
  });
  observer.observe({ entryTypes: ['gc'] });

  function stop() {
    clearInterval(timer);
    observer.disconnect();
  }
  return stop;
}

module.exports = { keepHouse };
