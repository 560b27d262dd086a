// Prints the directory that has node_api.h for the Node that runs this; nothing without it, or when Node is too old.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const OLDEST = 18;

const prefix = path.resolve(process.execPath, '../..');
const candidates = [
  process.env.NODE_INCLUDE_DIR,
  path.join(prefix, 'include/node'),
  process.config.variables.nodedir && path.join(process.config.variables.nodedir, 'include/node'),
  process.env.HOME && path.join(process.env.HOME, `.cache/node-gyp/${process.versions.node}/include/node`),
  '/usr/include/node',
  '/usr/include/nodejs/src',
  '/usr/local/include/node',
];
const usable = Number(process.versions.node.split('.')[0]) >= OLDEST;
const found = usable && candidates.find((directory) => directory && fs.existsSync(path.join(directory, 'node_api.h')));
process.stdout.write(found || '');
