// The native part of litesvm, for x86-64 Linux. Its JavaScript wrapper, with all that this depends
// on, adds nothing that is needed here.

import { createRequire } from 'node:module';

export const {
  Account,
  Clock,
  FailedTransactionMetadata,
  LiteSvm,
  TransactionErrorDuplicateInstruction,
  TransactionErrorInstructionError,
  TransactionErrorInsufficientFundsForRent,
} = createRequire(import.meta.url)('litesvm-linux-x64-gnu');
