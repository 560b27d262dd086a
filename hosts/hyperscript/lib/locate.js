// Where the addon and libterrace.so are looked for.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const home = path.resolve(__dirname, '..');
const LIBRARY_NAMES = ['libterrace.so.0', 'libterrace.so'];

// A build tree beside the sources, newest name first: the directory that `meson setup build` makes.
const buildTree = path.resolve(home, '../../build');

function addonCandidates() {
  if (process.env.TERRACE_ADDON) return [process.env.TERRACE_ADDON];
  return [path.join(home, 'terrace.node'), path.join(buildTree, 'hosts/hyperscript/terrace.node')];
}

/** Loads the addon from the first place that has it. */
function loadAddon() {
  const candidates = addonCandidates();
  const found = candidates.find((candidate) => fs.existsSync(candidate));
  if (found) return require(path.resolve(found));
  const places = candidates.join('\n  ');
  throw new Error(`the addon of terrace was not found; build it with Meson or set TERRACE_ADDON:\n  ${places}`);
}

function libraryCandidates(option) {
  if (option) return [path.resolve(option)];
  if (process.env.TERRACE_LIBRARY) return [process.env.TERRACE_LIBRARY];
  // Installed beside the package's own library directory (lib/nodejs/terrace), a build tree, what the system knows.
  const directories = [home, path.resolve(home, '../..'), path.join(buildTree, 'shim')];
  const files = directories.flatMap((directory) => LIBRARY_NAMES.map((name) => path.join(directory, name)));
  return [...files.filter((file) => fs.existsSync(file)), ...LIBRARY_NAMES];
}

/** The path of a library that can be opened. */
function locateLibrary(native, option) {
  const problems = [];
  for (const candidate of libraryCandidates(option)) {
    const problem = native.openLibrary(candidate);
    if (problem === null) return candidate;
    problems.push(problem);
  }
  const reasons = problems.join('\n  ');
  throw new Error(`libterrace.so could not be opened; give its path as library or in TERRACE_LIBRARY:\n  ${reasons}`);
}

module.exports = { loadAddon, locateLibrary };
