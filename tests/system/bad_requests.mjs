// What has to be refused, and nothing of it stored: bodies of orders, and requests that are wrong
// as HTTP. Every row is [what it is, what is sent, what the answer is checked for].

const ORDER = { tokenIn: 'SOL', tokenOut: 'USDC', amount: 1 };
const SYMBOL = { symbol: 'SOL', side: 'buy', quantity: 1 };
const AMOUNT = ['amount', 'amountIn'];

// An order with these fields changed; undefined leaves one out.
const order = (fields) => JSON.stringify({ ...ORDER, ...fields });
const symbol = (fields) => JSON.stringify({ ...SYMBOL, ...fields });

// An order whose amount is this text as it stands, valid JSON or not.
const amount = (text, tokenIn = 'SOL', tokenOut = 'USDC') =>
  `{"tokenIn":"${tokenIn}","tokenOut":"${tokenOut}","amount":${text}}`;

// An order with an ignored field of this JSON.
const beside = (json) => `{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"note":${json}}`;

const malformed = [
  ['an empty body', ''],
  ['white space alone', ' \n '],
  ['half an object', '{"tokenIn":"SOL"'],
  ['a trailing comma', '{"tokenIn":"SOL","tokenOut":"USDC","amount":1,}'],
  ['single quotes', "{'tokenIn':'SOL','tokenOut':'USDC','amount':1}"],
  ['a comment', '{"tokenIn":"SOL","tokenOut":"USDC","amount":1} // one SOL'],
  ['names without quotes', '{tokenIn:"SOL",tokenOut:"USDC",amount:1}'],
  ['two documents', order() + order()],
  ['garbage after the order', `${order()}]`],
  ['an array of orders', `[${order()}]`],
  ['a text', '"SOL"'],
  ['a number', '17'],
  ['null', 'null'],
  ['NaN', amount('NaN')],
  ['Infinity', amount('Infinity')],
  ['a leading zero', amount('01')],
  ['a plus sign', amount('+1')],
  ['a fraction without a whole', amount('.5')],
  ['a fraction without digits', amount('1.')],
  ['an exponent without digits', amount('1e')],
  ['a hexadecimal number', amount('0x10')],
  ['a field twice', '{"tokenIn":"SOL","tokenIn":"SOL","tokenOut":"USDC","amount":1}'],
  ['two amounts of one name', '{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"amount":2}'],
  ['an escaped name twice', '{"tokenIn":"SOL","token\\u0049n":"SOL","tokenOut":"USDC","amount":1}'],
  ['a bare control character', beside('"a\tb"')],
  ['half an escape', beside('"\\u12"')],
  ['brackets a thousand deep', '['.repeat(1000)],
  ['brackets 100,000 deep in an ignored field', beside('['.repeat(1e5) + ']'.repeat(1e5))],
  ['objects 100,000 deep', '{"a":'.repeat(1e5)],
  ['a byte that is no UTF-8', Buffer.from(beside('"\xff"'), 'latin1')],
  ['an overlong UTF-8 form', Buffer.from(beside('"\xc0\xaf"'), 'latin1')],
  ['a surrogate in UTF-8', Buffer.from(beside('"\xed\xa0\x80"'), 'latin1')],
  ['UTF-16', Buffer.from(order(), 'utf16le')],
].map(([what, body]) => [what, body, {}]);

const invalid = [
  ['no fields', '{}', ['tokenIn', 'symbol']],
  ['no tokenIn', order({ tokenIn: undefined }), 'tokenIn'],
  ['no tokenOut', order({ tokenOut: undefined }), 'tokenOut'],
  ['no amount', order({ amount: undefined }), AMOUNT],
  ['an empty token', order({ tokenIn: '' }), 'tokenIn'],
  ['a token that is a number', order({ tokenIn: 1 }), 'tokenIn'],
  ['a token that is null', order({ tokenOut: null }), 'tokenOut'],
  ['a token that is an object', order({ tokenOut: { mint: 'SOL' } }), 'tokenOut'],
  ['an unknown token', order({ tokenIn: 'INVALID_TOKEN' }), 'tokenIn'],
  ['an unknown token out', order({ tokenOut: 'DOGE' }), 'tokenOut'],
  ['a token with a NUL in it', order({ tokenIn: 'SOL\0' }), 'tokenIn'],
  ['a very long token', order({ tokenIn: 'S'.repeat(100_000) }), 'tokenIn'],
  ['the same token twice', order({ tokenOut: 'SOL' }), ['tokenOut', 'tokenIn']],
  [
    'a token and its mint',
    order({ tokenOut: 'So11111111111111111111111111111111111111112' }),
    ['tokenOut', 'tokenIn'],
  ],
  ['amount 0', order({ amount: 0 }), AMOUNT],
  ['amount "0"', order({ amount: '0' }), AMOUNT],
  ['amount 0e5', amount('0e5'), AMOUNT],
  ['amount -0', amount('-0'), AMOUNT],
  ['a negative amount', order({ amount: -1 }), AMOUNT],
  ['a negative amount as text', order({ amount: '-1' }), AMOUNT],
  ['amount 1e400', amount('1e400'), AMOUNT],
  ['amount 1e-400', amount('1e-400'), AMOUNT],
  ['amount 1e999999999999', amount('1e999999999999'), AMOUNT],
  ['amount "1e3"', order({ amount: '1e3' }), AMOUNT],
  ['amount "abc"', order({ amount: 'abc' }), AMOUNT],
  ['amount ""', order({ amount: '' }), AMOUNT],
  ['amount " 1"', order({ amount: ' 1' }), AMOUNT],
  ['amount "1,5"', order({ amount: '1,5' }), AMOUNT],
  ['amount "0x10"', order({ amount: '0x10' }), AMOUNT],
  ['amount ".5"', order({ amount: '.5' }), AMOUNT],
  ['amount "1."', order({ amount: '1.' }), AMOUNT],
  ['amount "+1"', order({ amount: '+1' }), AMOUNT],
  ['amount "NaN"', order({ amount: 'NaN' }), AMOUNT],
  ['amount "Infinity"', order({ amount: 'Infinity' }), AMOUNT],
  ['digits that are not ASCII', order({ amount: '١' }), AMOUNT],
  ['amount true', order({ amount: true }), AMOUNT],
  ['amount null', order({ amount: null }), AMOUNT],
  ['amount []', order({ amount: [] }), AMOUNT],
  ['more decimals than SOL has', amount('0.0000000001'), AMOUNT],
  ['more decimals than USDC has', amount('0.0000001', 'USDC', 'SOL'), AMOUNT],
  ['a float’s dust', amount('0.30000000000000004'), AMOUNT],
  ['an absurdly large amount', amount('1e30'), AMOUNT],
  ['an amount of 2^64 atoms', amount('18446744073.709551616'), AMOUNT],
  ['an amount of 5,000 digits', order({ amount: '9'.repeat(5000) }), AMOUNT],
  ['two amounts that differ', order({ amountIn: 2 }), AMOUNT],
  ['both vocabularies, differing', order({ symbol: 'RAY', side: 'buy', quantity: 7 }), null],
  ['no side', symbol({ side: undefined }), 'side'],
  ['no quantity', symbol({ quantity: undefined }), 'quantity'],
  ['no symbol', symbol({ symbol: undefined }), 'symbol'],
  ['a side that is none', symbol({ side: 'hold' }), 'side'],
  ['quantity 0', symbol({ quantity: 0 }), 'quantity'],
  ['a negative quantity', symbol({ quantity: -2 }), 'quantity'],
  ['an unknown symbol', symbol({ symbol: 'NOPE' }), 'symbol'],
  ['USDC against USDC', symbol({ symbol: 'USDC' }), 'symbol'],
  ['a limit order without a price', order({ orderType: 'limit' }), ['orderType', 'type']],
  ['an unknown type', order({ type: 'swap' }), 'type'],
  ['a type that is a number', order({ type: 5 }), 'type'],
  ['two types that differ', order({ type: 'market', orderType: 'limit' }), ['type', 'orderType']],
  ['a negative slippage', order({ slippage: -0.01 }), 'slippage'],
  ['a slippage over 1', order({ slippage: 1.01 }), 'slippage'],
  ['a slippageTolerance over 1', order({ slippageTolerance: 1.5 }), 'slippageTolerance'],
  ['a slippage that is no number', order({ slippage: 'much' }), 'slippage'],
  ['a slippage of 1e400', beside('1').replace('"note":1', '"slippage":1e400'), 'slippage'],
  [
    'two slippages that differ',
    order({ slippage: 0.01, slippageTolerance: 0.02 }),
    ['slippage', 'slippageTolerance'],
  ],
  ['a userId that is a number', order({ userId: 5 }), 'userId'],
  ['a userId with a NUL in it', order({ userId: 'a\0b' }), 'userId'],
  ['a userId of 129 bytes', order({ userId: 'u'.repeat(129) }), 'userId'],
  ['a clientOrderId that is a number', order({ clientOrderId: 5 }), 'clientOrderId'],
  ['a clientOrderId of 129 bytes', order({ clientOrderId: 'k'.repeat(129) }), 'clientOrderId'],
].map(([what, body, field]) => [what, body, { field }]);

// Bodies of POST that are answered 400.
export const BAD_BODIES = [...malformed, ...invalid];

// Requests that are wrong as such: [what, method, path, headers, body, status].
const json = { 'Content-Type': 'application/json' };
export const BAD_REQUESTS = [
  ['an unknown path', 'GET', '/nope', {}, undefined, 404],
  ['an unknown path of the API', 'POST', '/api/nope', json, order(), 404],
  ['an id that is none', 'GET', '/api/orders/42', {}, undefined, 404],
  ['an id with a stray quote', 'GET', "/api/orders/'%20or%201=1", {}, undefined, 404],
  ['a path that climbs', 'GET', '/../conf/tokens.conf', {}, undefined, [400, 404]],
  ['a path that climbs, encoded', 'GET', '/%2e%2e/conf/tokens.conf', {}, undefined, [400, 404]],
  ['PUT of an order', 'PUT', '/api/orders/execute', json, order(), 405],
  ['PATCH of an order', 'PATCH', '/api/orders', json, order(), 405],
  ['DELETE of the orders', 'DELETE', '/api/orders', {}, undefined, 405],
  ['POST of /health', 'POST', '/health', json, '{}', 405],
  ['POST of the statistics', 'POST', '/api/orders/queue/stats', json, '{}', 405],
  [
    'a form',
    'POST',
    '/api/orders',
    { 'Content-Type': 'application/x-www-form-urlencoded' },
    'tokenIn=SOL&tokenOut=USDC&amount=1',
    415,
  ],
  ['plain text', 'POST', '/api/orders', { 'Content-Type': 'text/plain' }, order(), 415],
  [
    'a type that only begins like JSON',
    'POST',
    '/api/orders',
    { 'Content-Type': 'application/jsonx' },
    order(),
    415,
  ],
  [
    'a key that contradicts the body’s',
    'POST',
    '/api/orders',
    { ...json, 'Idempotency-Key': 'a' },
    order({ clientOrderId: 'b' }),
    400,
  ],
  [
    'a key of 129 bytes',
    'POST',
    '/api/orders',
    { ...json, 'Idempotency-Key': 'k'.repeat(129) },
    order(),
    400,
  ],
];
