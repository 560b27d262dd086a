// Types of the package terrace.

/** A value of SX as JavaScript has it. See "Values" in README.md. */
export type Value =
  | null | undefined | boolean | number | bigint | string | symbol
  | Value[] | Map<Value, Value> | { [key: string]: Value }
  | Float64Array | BigInt64Array | Uint8Array
  | Keyword | Char | Ratio | Float | Pair | SxObject | TerraceError | SxFunction;

/** What can be passed to SX: also functions, errors and any other object, which travels as itself. */
export type Passed = Value | object | ((...args: any[]) => unknown);

/** A function of SX. Calling it runs it at once; use `vm.callAsync` when it may have to wait. */
export type SxFunction = (...args: Passed[]) => any;

export type Mode = 'auto' | 'interp' | 'base' | 'opt' | 'storm';
export type Tier = 'base' | 'opt';

export type Preset = 'default' | 'development' | 'production';

export interface Parameter {
  name: string; value: number; default: number; least: number; most: number;
  /** 'calls', 'ms', 'bytes', ...; '' for a switch. */
  unit: string;
  /** Whether it can be set only in the options of the engine. */
  atStart: boolean;
  text: string;
}

export interface FunctionReport {
  name: string; tier: 'interp' | Tier; calls: number; bytes: number; compileNs: number; deopts: number;
  misjudged: number; drops: number; pinned: boolean;
  /** How many functions of how many vms share the code. */
  users: number;
  compilingFor?: Tier;
  /** Why it has no code, a key of `stats().refusals`. */
  reason?: string;
}
export interface Report {
  statistics: Stats;
  tiers: { interp: number; base: number; opt: number; compiling: number };
  /** The hottest first, as many as the parameter reportFunctions says. */
  functions: FunctionReport[];
}

export interface EngineOptions {
  /** Path of libterrace.so; else TERRACE_LIBRARY, then the usual places. */
  library?: string;
  /** 'auto' tiers up by counters; 'base' and 'opt' compile before the first run; 'interp' never compiles. */
  mode?: Mode;
  /** Calls before compilation. Default 4; 1: at once; 0: never. */
  threshold?: number;
  /** Most entries in the code cache. Default 5000; 0: cache nothing. */
  budget?: number;
  /** Most bytes of code. Default: no limit. */
  budgetBytes?: number;
  /** Compile processes. Default 1. */
  workers?: number;
  /** Named settings of all parameters. */
  preset?: Preset;
  /** Parameters, named as `engine.params()` names them; they go over the preset. */
  params?: Record<string, number>;
  /** Path of terrace-worker; else TERRACE_WORKER, then beside the library. */
  workerPath?: string;
  /** Directory of compiled code that all processes of this user share; false: none. Else TERRACE_STORE, then the user's cache. */
  store?: string | false;
  /** Bytes that the store may take of the disk. Default 64 MiB. */
  storeLimit?: number;
  /** Called, later and on the engine's own thread of JavaScript, with what the compiler did. */
  onEvent?: (name: string, text: string) => void;
}

export interface Stats {
  entries: number; budget: number; bytes: number; budgetBytes: number; threshold: number;
  hits: number; misses: number; evictions: number; resets: number; pinned: number;
  baseEntries: number; optEntries: number; baseCompiles: number; optCompiles: number;
  baseCompileNs: number; optCompileNs: number; queued: number; refused: number; retiredBytes: number;
  workerStarts: number; workerDeaths: number; promotions: number; heapBytes: number; heapCollections: number;
  deopts: number; invalidations: number; workers: number; batches: number; functions: number; shared: number; eventsLost: number;
  /** Requests that ended without code, by reason. */
  refusals: Record<string, number>;
}

export class Engine {
  constructor(options?: EngineOptions);
  /** The version of the library. */
  static version(library?: string): string;
  createVm(options?: VmOptions): Vm;
  threshold: number;
  setThreshold(calls: number): void;
  budget: number;
  setBudget(entries: number): void;
  budgetBytes: number;
  setBudgetBytes(bytes: number): void;
  pin(name: string): void;
  /** Whether it was pinned. */
  unpin(name: string): boolean;
  /** Functions whose name matches stay in the interpreter; `*` matches any text. */
  exclude(pattern: string): void;
  /** Whether there was such an exclusion. */
  allow(pattern: string): boolean;
  /** Drops every entry that is not pinned. */
  reset(): void;
  /** Drops entries not used in that many generations, 1 when left out, and answers how many. */
  clearCold(generations?: number): number;
  /** Blocks until nothing is being compiled; false when that took longer than the milliseconds, 60,000 when left out. */
  wait(milliseconds?: number): boolean;
  /** The same without blocking. */
  idle(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<boolean>;
  stats(): Stats;
  /** The value of a parameter. */
  param(name: string): number;
  /** Sets a parameter for every vm of the engine from now on. */
  setParam(name: string, value: number): void;
  params(): Parameter[];
  presets(): { name: Preset; text: string; values: Record<string, number> }[];
  /** Sets every parameter to what the preset says. */
  usePreset(name: Preset): void;
  /** Text for people. */
  report(): string;
  reportData(): Report;
  /** Gives memory back now and answers how many bytes. */
  memoryPressure(level?: 'moderate' | 'critical'): number;
  /** Does what can wait, for at most so many milliseconds, 5 when left out; whether something is left. */
  housekeep(milliseconds?: number): boolean;
  close(): void;
}

/** Answers an effect. */
export type Effect = (...args: any[]) => unknown;
/** Effects by the name of their operation, or one function for all that gets the name first. */
export type Effects = Record<string, Effect> | Map<string, Effect> | ((operation: string, ...args: any[]) => unknown);

export interface VmOptions {
  /** Output of the program: a function, or a writable stream. Without it output is dropped. */
  write?: ((text: string) => void) | { write(text: string): unknown };
  /** Effects for every eval, run and call of this vm. */
  effects?: Effects;
  /** Bytes of heap. Default 4 GiB, less on a machine with less memory. */
  heapLimit?: number;
  /** Bytes of stack of one computation. Default 256 MiB. */
  stackLimit?: number;
  /** Collect as often as possible, for tests. */
  gcStress?: boolean;
  /** What an Array becomes. Default 'vector'. */
  arrays?: 'vector' | 'list';
  /** What a dict becomes. Default 'map'. */
  dicts?: 'map' | 'object';
}

export interface CallOptions {
  /** Effects for this call; those of the vm answer what is not here. */
  effects?: Effects;
  /** The computation is cancelled when it takes longer: kind 'timeout'. */
  timeoutMs?: number;
}
export interface EvalOptions extends CallOptions {
  /** Name of the source in messages. */
  name?: string;
}
export interface Waiting {
  /** Cancels the computation; the Promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** How long it computes before the event loop has its turn. Default 10. */
  sliceMs?: number;
}

export interface Explanation {
  name: string;
  tier: 'interp' | 'base' | 'opt' | 'native';
  reason: string;
  detail?: string;
  calls?: number;
  bytes?: number;
  pinned?: boolean;
  compileNs?: number;
  /** How often opt code was left in the middle, and where. */
  deopts?: number;
  leftAt?: { pc: number; times: number; place: string }[];
  misjudged?: number;
  drops?: number;
  users?: number;
  refused?: string;
  excludedBy?: string;
  compilingFor?: Tier;
}

/** Made by `engine.createVm()`. Belongs to the thread that made it. */
export class Vm {
  private constructor();
  /** Runs a program at once and answers its last value. */
  eval(source: string, options?: EvalOptions): any;
  /** Runs a program that may wait. */
  run(source: string, options?: EvalOptions & Waiting): Promise<any>;
  evalAsync(source: string, options?: EvalOptions & Waiting): Promise<any>;
  call(fn: string | SxFunction, args?: Passed[], options?: CallOptions): any;
  callAsync(fn: string | SxFunction, args?: Passed[], options?: CallOptions & Waiting): Promise<any>;
  /** The function that a global holds now. */
  fn(name: string): SxFunction;
  get(name: string): any;
  define(name: string, value: Passed): void;
  /** A global function for whose Promise the program waits. */
  defineAsync(name: string, answer: Effect): void;
  print(value: Passed, options?: { readable?: boolean }): string;
  equal(a: Passed, b: Passed): boolean;
  /** A Float64Array on memory of SX. */
  f64(source: number | Iterable<number>): Float64Array;
  /** Lets SX work on the array's own memory. */
  borrow(array: Float64Array): SxObject;
  optimize(fn: string | SxFunction, tier?: Tier): void;
  demote(fn: string | SxFunction): void;
  /** Code of this function, or of a later one of its name, is never evicted. */
  pin(fn: string | SxFunction): void;
  unpin(fn: string | SxFunction): void;
  explain(fn: string | SxFunction): Explanation;
  /** For `interrupt(id)`. */
  readonly id: number;
  close(): void;
}

/** Stops what the vm of that number runs, from any thread of the process. False when there is no such vm. */
export function interrupt(id: number): boolean;

export interface Housekeeping {
  /** Milliseconds between two looks at the event loop. Default 1000. */
  everyMs?: number;
  /** How long housekeeping may take when the event loop is idle. Default 5. */
  budgetMs?: number;
  /** Share of V8's heap limit above which memory counts as short after a full collection. Default 0.8. */
  heapShare?: number;
  /** Told how many bytes were given back then. */
  onPressure?: (bytes: number) => void;
}
/** Ties an engine to Node's idle time and collections; the answered function ends that. */
export function keepHouse(engine: Engine, options?: Housekeeping): () => void;

export class TerraceError extends Error {
  constructor(message: string, details?: { kind?: string; irritants?: unknown[]; cause?: unknown });
  /** The kind in SX: 'type-error', 'division-by-zero', 'error', 'uncaught', 'host-error', 'timeout', 'interrupted', ... */
  readonly kind: string;
  /** How the library ended the call: 'sx error', 'bad handle', ... */
  readonly status: string;
  readonly source: string;
  /** From 1; 0 when unknown. */
  readonly line: number;
  readonly column: number;
  /** SX functions that the error came through, innermost first. */
  readonly sxTrace: string[];
  readonly irritants: unknown[];
  /** What was raised. */
  readonly value: any;
}

export class Keyword {
  constructor(name: string);
  static for(name: string): Keyword;
  readonly name: string;
  toString(): string;
}
export class Char {
  constructor(character: string | number);
  readonly codePoint: number;
  toString(): string;
}
export class Ratio {
  constructor(numerator: bigint | number | string, denominator: bigint | number | string);
  readonly numerator: bigint;
  readonly denominator: bigint;
  valueOf(): number;
  toString(): string;
}
/** A double even where the number is an integer. */
export class Float {
  constructor(value: number);
  readonly value: number;
  valueOf(): number;
}
export class List extends Array<any> {}
export class Tuple extends Array<any> {}
/** A pair whose second half is no list. */
export class Pair {
  constructor(head: any, tail: any);
  head: any;
  tail: any;
}
/** A value of SX that stays where it is. */
export class SxObject {
  private constructor();
  toString(): string;
}

export function list(...items: any[]): List;
export function tuple(...items: any[]): Tuple;
export function keyword(name: string): Keyword;
export function symbol(name: string): symbol;
export function char(character: string | number): Char;
export function float(value: number): Float;
