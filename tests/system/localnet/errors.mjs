// Errors as a Solana node tells them: of JSON-RPC, and of transactions.

import {
  TransactionErrorDuplicateInstruction,
  TransactionErrorInstructionError,
  TransactionErrorInsufficientFundsForRent,
} from './svm.mjs';

export class RpcError extends Error {
  constructor(code, message, data) {
    super(message);
    this.code = code;
    this.data = data;
  }

  get json() {
    const { code, message, data } = this;
    return data === undefined ? { code, message } : { code, message, data };
  }
}

export const invalidParams = (message) => new RpcError(-32602, message);

const words = (text) => text.trim().split(/\s+/);

// The variants without fields of the chain's TransactionError, in the order of litesvm's numbers.
const TRANSACTION_ERRORS = words(`
  AccountInUse AccountLoadedTwice AccountNotFound ProgramAccountNotFound InsufficientFundsForFee
  InvalidAccountForFee AlreadyProcessed BlockhashNotFound CallChainTooDeep MissingSignatureForFee
  InvalidAccountIndex SignatureFailure InvalidProgramForExecution SanitizeFailure
  ClusterMaintenance AccountBorrowOutstanding WouldExceedMaxBlockCostLimit UnsupportedVersion
  InvalidWritableAccount WouldExceedMaxAccountCostLimit WouldExceedAccountDataBlockLimit
  TooManyAccountLocks AddressLookupTableNotFound InvalidAddressLookupTableOwner
  InvalidAddressLookupTableData InvalidAddressLookupTableIndex InvalidRentPayingAccount
  WouldExceedMaxVoteCostLimit WouldExceedAccountDataTotalLimit MaxLoadedAccountsDataSizeExceeded
  ResanitizationNeeded InvalidLoadedAccountsDataSizeLimit UnbalancedTransaction
  ProgramCacheHitMaxLimit CommitCancelled`);

// The same of InstructionError.
const INSTRUCTION_ERRORS = words(`
  GenericError InvalidArgument InvalidInstructionData InvalidAccountData AccountDataTooSmall
  InsufficientFunds IncorrectProgramId MissingRequiredSignature AccountAlreadyInitialized
  UninitializedAccount UnbalancedInstruction ModifiedProgramId ExternalAccountLamportSpend
  ExternalAccountDataModified ReadonlyLamportChange ReadonlyDataModified DuplicateAccountIndex
  ExecutableModified RentEpochModified NotEnoughAccountKeys AccountDataSizeChanged
  AccountNotExecutable AccountBorrowFailed AccountBorrowOutstanding DuplicateAccountOutOfSync
  InvalidError ExecutableDataModified ExecutableLamportChange ExecutableAccountNotRentExempt
  UnsupportedProgramId CallDepth MissingAccount ReentrancyNotAllowed MaxSeedLengthExceeded
  InvalidSeeds InvalidRealloc ComputationalBudgetExceeded PrivilegeEscalation
  ProgramEnvironmentSetupFailure ProgramFailedToComplete ProgramFailedToCompile Immutable
  IncorrectAuthority AccountNotRentExempt InvalidAccountOwner ArithmeticOverflow
  UnsupportedSysvar IllegalOwner MaxAccountsDataAllocationsExceeded MaxAccountsExceeded
  MaxInstructionTraceLengthExceeded BuiltinProgramsMustConsumeComputeUnits BorshIoError`);

const TEXTS = {
  AccountNotFound: 'Attempt to debit an account but found no record of a prior credit.',
  AlreadyProcessed: 'This transaction has already been processed',
  BlockhashNotFound: 'Blockhash not found',
  InsufficientFundsForFee: 'Insufficient funds for fee',
  InvalidAccountForFee: 'This account may not be used to pay transaction fees',
  SignatureFailure: 'Transaction did not pass signature verification',
};

// litesvm's error as a node's JSON.
export function transactionError(error) {
  if (typeof error === 'number') return TRANSACTION_ERRORS[error];
  if (error instanceof TransactionErrorInstructionError) {
    const inner = error.err();
    if (typeof inner === 'number') {
      return { InstructionError: [error.index, INSTRUCTION_ERRORS[inner]] };
    }
    const custom = inner.code !== undefined;
    return {
      InstructionError: [
        error.index,
        custom ? { Custom: inner.code } : { BorshIoError: inner.msg },
      ],
    };
  }
  if (error instanceof TransactionErrorDuplicateInstruction) {
    return { DuplicateInstruction: error.index };
  }
  const name =
    error instanceof TransactionErrorInsufficientFundsForRent
      ? 'InsufficientFundsForRent'
      : 'ProgramExecutionTemporarilyRestricted';
  return { [name]: { account_index: error.accountIndex } };
}

// Whether a transaction with this error lands: it failed while it ran, so its fee is charged.
export function landsAsFailed(error) {
  return (
    typeof error === 'object' &&
    ('InstructionError' in error || 'InsufficientFundsForRent' in error)
  );
}

// The sentence that a node puts into its message.
export function explain(error) {
  if (typeof error === 'string') return TEXTS[error] ?? error;
  if (!error.InstructionError) return JSON.stringify(error);
  const [index, what] = error.InstructionError;
  const reason =
    what.Custom === undefined
      ? String(what)
      : `custom program error: 0x${what.Custom.toString(16)}`;
  return `Error processing Instruction ${index}: ${reason}`;
}
