// The venues' compiled programs, and the pools of the recorded answers, for a chain that has them.
// The programs are other people's, and not in this tree: DROVER_PROGRAMS_DIR names a folder of them.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { addressBytes } from './transaction.mjs';

const GOLDEN = fileURLToPath(new URL('../../golden/', import.meta.url));

// The recorded venues: [{ program, programId, elfSha256, cases }]. Several files of one program are one
// venue with the cases of all of them.
export function recorded(dir = GOLDEN) {
  const venues = new Map(); // by program and its hash
  for (const name of fs.readdirSync(dir).sort()) {
    if (!name.endsWith('.json')) continue;
    const file = JSON.parse(fs.readFileSync(path.join(dir, name), 'utf8'));
    if (!file.elfSha256) continue;
    const key = `${file.program} ${file.elfSha256}`;
    const venue = venues.get(key);
    if (venue) venue.cases.push(...file.cases);
    else venues.set(key, file);
  }
  return [...venues.values()];
}

// SHA-256 in hexadecimal → file, of all programs in a folder, whatever they are called.
function programsIn(dir) {
  const files = fs.readdirSync(dir).filter((name) => name.endsWith('.so'));
  return new Map(
    files.map((name) => {
      const file = path.join(dir, name);
      return [createHash('sha256').update(fs.readFileSync(file)).digest('hex'), file];
    }),
  );
}

// Why the venues cannot be loaded; undefined when they can. For a test's `skip`.
export function missingPrograms(dir = process.env.DROVER_PROGRAMS_DIR) {
  if (!dir) return 'DROVER_PROGRAMS_DIR names no folder with the compiled programs';
  if (!fs.existsSync(dir)) return `there is no folder ${dir}`;
  const present = programsIn(dir);
  const missing = recorded().filter(({ elfSha256 }) => !present.has(elfSha256));
  if (missing.length === 0) return undefined;
  return `${dir} lacks the recorded ${missing.map(({ program }) => program).join(', ')}`;
}

// Loads every program that is the recorded one to the byte, and the pools recorded with it; returns
// the recorded venues that are now on the chain.
export function loadVenues(chain, dir = process.env.DROVER_PROGRAMS_DIR) {
  const present = programsIn(dir);
  const venues = recorded().filter(({ elfSha256 }) => present.has(elfSha256));
  for (const { programId, elfSha256 } of venues) {
    chain.svm.addProgramFromFile(addressBytes(programId), present.get(elfSha256));
  }
  return loadPools(chain, venues);
}

// Loads the pools alone: they can be quoted, but every swap fails. Returns their venues.
export function loadPools(chain, venues = recorded()) {
  for (const { cases } of venues) {
    for (const { accounts } of cases) loadAccounts(chain, accounts);
  }
  return venues;
}

function loadAccounts(chain, accounts) {
  for (const [address, { owner, lamports, dataBase64 }] of Object.entries(accounts)) {
    chain.put(address, { owner, lamports, data: Buffer.from(dataBase64, 'base64') });
  }
}
