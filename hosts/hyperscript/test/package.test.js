'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const terrace = require('..');

const home = path.resolve(__dirname, '..');

test('package: import and require give the same names', async () => {
  const imported = await import('../index.mjs');
  assert.deepEqual(Object.keys(imported).filter((name) => name !== 'default').sort(), Object.keys(terrace).sort());
  assert.equal(imported.Engine, terrace.Engine);
  assert.match(terrace.Engine.version(), /^terrace \d+\.\d+\.\d+/);
});

test('package: every name has a type, and the other way round', () => {
  const types = fs.readFileSync(path.join(home, 'index.d.ts'), 'utf8');
  const declared = [...types.matchAll(/^export (?:class|function) (\w+)/gm)].map((match) => match[1]);
  assert.deepEqual(declared.sort(), Object.keys(terrace).sort());
  for (const constructor of [terrace.Engine, terrace.Vm])
    for (const name of Object.getOwnPropertyNames(constructor.prototype))
      assert.match(types, new RegExp(`^  (?:readonly )?${name}[(:]`, 'm'), `${constructor.name}.${name}`);
});

test('package: needs nothing but itself', () => {
  const { dependencies, files } = require('../package.json');
  assert.equal(dependencies, undefined);
  for (const file of files.filter((name) => name !== 'terrace.node')) assert.ok(fs.existsSync(path.join(home, file)), file);
});

test('package: the example of README.md runs', () => {
  const [, example] = fs.readFileSync(path.join(home, 'README.md'), 'utf8').match(/```js\n([^]*?)```/);
  const program = example.replace("require('terrace')", `require(${JSON.stringify(home)})`);
  const expected = [...example.matchAll(/\/\/ => (.*)/g)].map((match) => match[1]);
  const output = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  assert.deepEqual(output.trim().split('\n'), expected);
});

test('package: the quickstart answers the same in both modes, and says what is wrong', () => {
  const run = (...args) => execFileSync(process.execPath, [path.join(home, 'quickstart.js'), ...args], { encoding: 'utf8', stdio: 'pipe' });
  const status = path.join(__dirname, 'programs', 'status.txt');
  const program = path.join(home, '../quickstart/dependencies.sx');
  const library = process.env.TERRACE_LIBRARY ?? '';
  const [interp, auto] = ['interp', 'auto'].map((mode) => JSON.parse(run(library, program, status, mode)));
  assert.equal(interp.packages, 4);
  assert.equal(interp.facts, 6);
  assert.deepEqual(interp.top, [['libgcc-s1', 3], ['libc6', 2], ['zlib1g', 1], ['app', 0]]);
  assert.equal(auto.checksum, interp.checksum);
  assert.throws(() => run(library, program, '/nowhere', 'auto'), (error) => error.status === 1 && /nowhere/.test(error.stderr));
  assert.throws(() => run(), (error) => error.status === 1 && /usage/.test(error.stderr));
});
