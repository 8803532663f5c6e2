// An engine whose venues are on the tests' Solana node, with the recorded pools and the compiled
// programs of other people (DROVER_PROGRAMS_DIR), a wallet that has of everything, and the tables of
// tokens and pools that go with them.

import fs from 'node:fs';
import path from 'node:path';

import web3 from '@solana/web3.js';

import { until } from '../system/harness.mjs';

const { Keypair, PublicKey } = web3;
const WALLET_LAMPORTS = 1_000_000_000_000;
export const TOKEN_2022 = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';
export const WSOL = 'So11111111111111111111111111111111111111112';
const MINT_DECIMALS = 44; // where a mint has its decimals

export const DEX_OF = {
  raydium_cpmm: 'raydium',
  raydium_amm_v4: 'raydium',
  raydium_clmm: 'raydium',
  meteora_dlmm: 'meteora',
  meteora_damm_v2: 'meteora',
};

// The two mints of a recorded pool, by their text.
export function mintsOf({ quotes }) {
  return [...new Set(quotes.flatMap(({ inMint, outMint }) => [inMint, outMint]))].sort();
}

// The same by their bytes, as programs sort them.
export function sortedMints(mints) {
  const bytes = (mint) => new PublicKey(mint).toBuffer();
  return [...mints].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
}

// Atoms as a decimal text in units of the token.
export function units(atoms, decimals) {
  const digits = String(atoms).padStart(decimals + 1, '0');
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const whole = digits.slice(0, digits.length - decimals);
  return decimals > 0 && fraction ? `${whole}.${fraction}` : whole;
}

export class Scene {
  // services: PostgreSQL and Redis. tokens: { symbol: mint }. pools: [{ dex, address }], where the
  // address may be a pair, like 'USDC/TOK'; expected: how many pools that makes. node: a Localnet
  // that runs; env: further settings of the engine's; binary: of another build.
  constructor(services, { node, tokens, pools, expected = pools.length, env = {}, binary }) {
    Object.assign(this, { services, node, tokens, pools, expected, env, binary });
    this.wallet = Keypair.generate();
  }

  get owner() {
    return this.wallet.publicKey.toBase58();
  }

  decimals(symbol) {
    return Buffer.from(this.node.chain.account(this.tokens[symbol]).data())[MINT_DECIMALS];
  }

  // Writes what the engine reads, gives the wallet money, and starts the engine.
  async start() {
    await this.prepare();
    await this.engine.start();
    await until('every pool has been read', () => this.poolsReady() >= this.expected, 30_000);
    return this;
  }

  // The same but for starting it.
  async prepare() {
    const settings = this.settings();
    this.engine = await this.services.engine({ PRIVATE_KEY: this.key, ...settings });
    if (this.binary) this.engine.binary = this.binary;
  }

  // The wallet's key, as an environment names it.
  get key() {
    return JSON.stringify([...this.wallet.secretKey]);
  }

  // What every process of an engine reads, the key apart; writes its files, and gives the wallet money.
  settings() {
    const prefix = path.join(this.services.dir, `solana-${this.owner.slice(0, 8)}`);
    this.tokensFile = `${prefix}.tokens`;
    this.journal = `${prefix}.journal`;
    const lines = this.pools.map(({ dex, address }) => `${dex} = "${address}"\n`);
    fs.writeFileSync(`${prefix}.pools`, lines.join(''));
    this.fund();
    return {
      SOLANA_RPC_URL: this.node.endpoints.map(({ url }) => url).join(' '),
      DROVER_RAYDIUM_MODE: 'solana',
      DROVER_METEORA_MODE: 'solana',
      DROVER_TOKENS_FILE: this.tokensFile,
      DROVER_POOLS_FILE: `${prefix}.pools`,
      DROVER_SIGNER_JOURNAL: this.journal,
      DROVER_SIGNER_DAY_LAMPORTS_MAX: 4_000_000_000,
      DROVER_SOLANA_POLL_MS: 40,
      DROVER_SOLANA_RESEND_MS: 300,
      DROVER_SOLANA_RATE_PER_SECOND: 0,
      DROVER_SOLANA_QUOTE_SLOTS_MAX: 1000,
      DROVER_RETRY_BASE_MS: 50, // a quote of the state before the last swap is tried again
      DROVER_RETRY_FACTOR: 1,
      DROVER_ATTEMPTS_MAX: 16,
      DROVER_RESEND_MS: 100,
      ...this.naming(this.tokens),
      ...this.env,
    };
  }

  // Names the tokens from the engine's next start on: { symbol: mint }, all of them.
  name(tokens) {
    Object.assign(this.engine.settings, this.naming(tokens));
  }

  // Writes the tokens' table; returns the settings that go with it.
  naming(tokens) {
    this.tokens = tokens;
    const symbols = Object.keys(tokens);
    const token = (symbol) =>
      `${symbol}\n    mint = "${tokens[symbol]}"\n    decimals = ${this.decimals(symbol)}\n`;
    fs.writeFileSync(this.tokensFile, symbols.map(token).join(''));
    const most = symbols.map((symbol) => `${symbol}=${units(2n ** 63n, this.decimals(symbol))}`);
    return {
      DROVER_SIGNER_ORDER_MAX: most.join(' '),
      DROVER_SIGNER_DAY_MAX: most.join(' '),
    };
  }

  fund() {
    this.node.chain.put(this.owner, { lamports: WALLET_LAMPORTS });
    for (const mint of Object.values(this.tokens)) {
      if (!mint.startsWith('So111')) this.node.tokens.fund(this.owner, mint, 2n ** 62n);
    }
  }

  // The lines of the engine's log about an event.
  logged(event) {
    const lines = fs.readFileSync(this.engine.log, 'utf8').split('\n');
    return lines.filter((line) => line.includes(` ${event} `));
  }

  // How many pools the engine says that it has read.
  poolsReady() {
    return this.logged('pool_ready').length;
  }

  stop() {
    return this.engine?.stop();
  }

  // Waits until an order has failed, or its trade is final, and returns GET's answer.
  ended(orderId, ms = 20_000) {
    const isEnded = async () => {
      const { json } = await this.engine.api.get(`/api/orders/${orderId}`);
      return (json.status === 'failed' || json.finality === 'finalized') && json;
    };
    return until(`order ${orderId} ends`, isEnded, ms);
  }

  // Places an order, waits for its end, and returns what the database holds of its last attempt.
  async trade(fields, ms) {
    const { orderId } = await this.engine.api.order(fields);
    const order = await this.ended(orderId, ms);
    const rows = await this.engine.sql(
      `select attempt, chosen_dex, tx_signature, amount_in, amount_out, limit_amount,
       coalesce(failure_reason, ''), coalesce(routing_decision::text, '{}')
       from order_attempts where order_id = '${orderId}' order by attempt desc limit 1`,
    );
    const [attempt, dex, signature, amountIn, amountOut, limit, failure, decision] = rows[0] ?? [];
    const quotes = JSON.parse(decision ?? '{}').quotes ?? [];
    const quote = quotes.find(({ venue }) => venue === dex);
    const amounts = { amountIn, amountOut, limit };
    return { order, attempt: Number(attempt), signature, ...amounts, failure, quotes, quote };
  }
}
