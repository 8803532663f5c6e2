// Token accounts, made by the chain's own programs, so that they have what their mint asks for.

import web3 from '@solana/web3.js';

const { Keypair, PublicKey, SystemProgram, Transaction } = web3;
const ASSOCIATED_TOKEN_PROGRAM = new PublicKey('ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL');
const CREATE_IDEMPOTENT = Buffer.from([1]);
const AMOUNT = 64; // where a token account holds its atoms, a u64
const FAUCET_LAMPORTS = 10n ** 15n;

export function associatedAddress(owner, mint, tokenProgram) {
  const seeds = [owner, tokenProgram, mint].map((key) => new PublicKey(key).toBytes());
  return PublicKey.findProgramAddressSync(seeds, ASSOCIATED_TOKEN_PROGRAM)[0];
}

export class Tokens {
  constructor(chain) {
    this.chain = chain;
    this.faucet = Keypair.generate();
    chain.put(this.faucet.publicKey.toBase58(), { lamports: FAUCET_LAMPORTS });
  }

  // The owner's associated token account, created if need be, holds so many atoms more.
  fund(owner, mint, amount) {
    const mintAccount = this.chain.account(mint);
    if (!mintAccount) throw new Error(`there is no mint ${mint}`);
    const program = new PublicKey(mintAccount.owner());
    const address = associatedAddress(owner, mint, program);
    this.create({ address, owner, mint, program });
    const account = this.chain.account(address.toBase58());
    const data = Buffer.from(account.data());
    data.writeBigUInt64LE(data.readBigUInt64LE(AMOUNT) + amount, AMOUNT);
    this.chain.put(address.toBase58(), {
      lamports: account.lamports(),
      data,
      owner: program.toBase58(),
    });
    return address.toBase58();
  }

  create({ address, owner, mint, program }) {
    const key = (pubkey, isSigner, isWritable) => ({
      pubkey: new PublicKey(pubkey),
      isSigner,
      isWritable,
    });
    const instruction = {
      programId: ASSOCIATED_TOKEN_PROGRAM,
      keys: [
        key(this.faucet.publicKey, true, true),
        key(address, false, true),
        key(owner, false, false),
        key(mint, false, false),
        key(SystemProgram.programId, false, false),
        key(program, false, false),
      ],
      data: CREATE_IDEMPOTENT,
    };
    const transaction = new Transaction().add(instruction);
    transaction.feePayer = this.faucet.publicKey;
    transaction.recentBlockhash = this.chain.svm.latestBlockhash();
    transaction.sign(this.faucet);
    const { err } = this.chain.send({ legacy: true, bytes: transaction.serialize() });
    if (err) throw new Error(`no token account: ${JSON.stringify(err)}`);
  }
}
