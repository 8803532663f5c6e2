// Pools of one pair in every program, made of recorded ones.

import { remint } from './pools.mjs';
import { TOKEN_2022, mintsOf, sortedMints } from './scene.mjs';

// The recorded pools of a venue without Token-2022.
export function plainCases({ cases }) {
  return cases.filter(({ accounts }) => {
    return !Object.values(accounts).some(({ owner }) => owner === TOKEN_2022);
  });
}

// Puts so many recorded pools of a venue on the chain as pools of these two mints, of which the
// first is the lesser one; returns their addresses.
export function putPools(chain, venue, [first, second], count = 1, from = 0) {
  return plainCases(venue)
    .slice(from, from + count)
    .map((recorded) => {
      const [low, high] = sortedMints(mintsOf(recorded));
      return remint(chain, venue, recorded, { [low]: first, [high]: second });
    });
}
