"use strict";

const TOKENS = ["SOL", "USDC", "USDT", "ETH", "BTC", "BONK", "RAY", "JUP", "MPL", "AAPL", "TSLA", "GOOG"];
const SHOWN_MAX = 100; // orders kept on the page
const RECONNECT_MIN_MS = 500;
const RECONNECT_MAX_MS = 8000;

const byId = (id) => document.getElementById(id);

/* ---- live updates ------------------------------------------------------- */

const shown = new Map(); // order id → {item, seq}: its row, and the last event shown in it

function addRow(orderId) {
  const item = byId("order-template").content.firstElementChild.cloneNode(true);
  const row = { item, seq: 0 };
  item.querySelector(".order-id").textContent = orderId;
  shown.set(orderId, row);
  byId("empty").hidden = true;
  byId("updates").prepend(item);
  if (shown.size > SHOWN_MAX) {
    const [oldestId, oldest] = shown.entries().next().value;
    oldest.item.remove();
    shown.delete(oldestId);
  }
  return row;
}

function setValue(item, name, text) {
  const value = item.querySelector("." + name);
  value.textContent = text;
  value.parentElement.hidden = text === "";
}

// Shows the routing of the current attempt. A retry has none at first.
function routingOf(order) {
  const history = order.statusHistory;
  for (let i = history.length - 1; i >= 0; i--) {
    if (history[i].status === "building") return history[i].metadata;
    if (history[i].status === "routing") return null;
  }
  return null;
}

function pricesText(routing) {
  if (!routing) return "";
  const price = (value) => (value === null ? "no quote" : String(Number(value.toPrecision(9))));
  return `Raydium ${price(routing.raydiumPrice)} · Meteora ${price(routing.meteoraPrice)}`;
}

function reasonText(order) {
  if (order.failureReason) return order.failureReason;
  const routing = routingOf(order);
  return routing ? routing.reason : "";
}

function amountText(order) {
  if (order.side) return `${order.side} ${order.quantity} ${order.symbol}`;
  return `${order.amountIn} ${order.tokenIn} → ${order.tokenOut}`;
}

function show(order) {
  const row = shown.get(order.id) || addRow(order.id);
  const seq = order.statusHistory.length;
  if (seq <= row.seq) return; // a newer frame came before this answer
  row.seq = seq;
  const { item } = row;
  const status = item.querySelector(".status");
  status.textContent = order.outcome === "unknown" ? `${order.status}, outcome unknown` : order.status;
  status.dataset.status = order.status;
  item.querySelector(".pair").textContent = amountText(order);
  setValue(item, "venue", order.dexUsed || "");
  setValue(item, "prices", pricesText(routingOf(order)));
  setValue(item, "executed", order.executedPrice === undefined ? "" : String(order.executedPrice));
  setValue(item, "tx-hash", order.txHash || "");
  setValue(item, "attempt", order.retryCount > 0 ? String(order.retryCount + 1) : "");
  setValue(item, "reason", reasonText(order));
}

/* ---- the WebSocket, and how it is resumed -------------------------------- */

let position = 0; // of the last event seen; the next connection resumes after it
let reconnectMs = RECONNECT_MIN_MS;

// Starts once the socket is open, so that no event is missed between the list and the socket.
async function showRecent() {
  const answer = await fetch("/api/orders?limit=20");
  if (!answer.ok) return;
  for (const order of (await answer.json()).reverse()) show(order);
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const since = position > 0 ? `?since=${position}` : "";
  const socket = new WebSocket(`${scheme}//${location.host}/api/orders/ws${since}`);
  socket.onopen = () => {
    reconnectMs = RECONNECT_MIN_MS;
    byId("connection").textContent = "Connected";
    if (position === 0) showRecent().catch(() => {});
  };
  socket.onmessage = (event) => {
    const frame = JSON.parse(event.data);
    if (!frame.order) return;
    position = Math.max(position, frame.position);
    show(frame.order);
  };
  socket.onclose = () => {
    byId("connection").textContent = "Connection lost: trying again";
    setTimeout(connect, reconnectMs);
    reconnectMs = Math.min(2 * reconnectMs, RECONNECT_MAX_MS);
  };
}

/* ---- placing an order ---------------------------------------------------- */

let idempotencyKey = null; // kept until an answer comes, so that a second click places no second order

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function tell(text, bad) {
  byId("answer").textContent = text;
  byId("answer").classList.toggle("bad", bad);
}

async function execute() {
  const form = byId("order-form").elements;
  idempotencyKey = idempotencyKey || newKey();
  const response = await fetch("/api/orders/execute", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey },
    body: JSON.stringify({
      tokenIn: form.tokenIn.value,
      tokenOut: form.tokenOut.value,
      amount: Number(form.amount.value),
      slippage: (Number(form.slippage.value) / 100).toFixed(4),
    }),
  });
  if (response.status < 500) idempotencyKey = null;
  const answer = await response.json();
  if (response.ok) tell(`Order ${answer.orderId} accepted`, false);
  else tell(answer.message || answer.error, true);
}

async function onSubmit(event) {
  event.preventDefault();
  const button = byId("execute");
  button.disabled = true;
  tell("Sending…", false);
  try {
    await execute();
  } catch {
    tell("No answer: press again, the order is not placed twice", true);
  } finally {
    button.disabled = false;
  }
}

function fillTokens(select, chosen) {
  for (const symbol of TOKENS) select.add(new Option(symbol, symbol, false, symbol === chosen));
}

fillTokens(byId("token-in"), "SOL");
fillTokens(byId("token-out"), "USDC");
byId("order-form").addEventListener("submit", onSubmit);
byId("order-form").addEventListener("input", () => { idempotencyKey = null; });
connect();
