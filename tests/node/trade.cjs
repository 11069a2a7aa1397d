// Buys and sells a share, and prints what it saw as one line of JSON: node trade.cjs PORT
const { EventName, IBApi, OrderAction, OrderType, SecType } = require("@stoqey/ib");

const ib = new IBApi({ host: "127.0.0.1", port: Number(process.argv[2]), clientId: 1 });
const contract = { symbol: "TSLA", secType: SecType.STK, exchange: "SMART", currency: "USD" };
const seen = { positions: [], errors: [], contracts: [], fills: [] };
let first = 0;

function place(id, action) {
  const order = { orderType: OrderType.MKT, action, totalQuantity: 10, transmit: true };
  ib.placeOrder(id, contract, { orderId: id, ...order });
}

function finish() {
  console.log(JSON.stringify(seen));
  ib.disconnect();
}

ib.on(EventName.error, (error, code) => {
  if (code < 2100 || code > 2200) seen.errors.push([code, String(error)]);
});
ib.on(EventName.contractDetails, (_id, details) => seen.contracts.push(details.contract.symbol));
ib.on(EventName.execDetails, (_id, _contract, execution) => {
  seen.fills.push([execution.side, execution.shares]);
  const done = seen.fills.filter((one) => one[0] === execution.side);
  if (done.reduce((sum, one) => sum + one[1], 0) < 10) return;
  if (execution.side === "BOT") ib.reqPositions();
  else finish();
});
ib.on(EventName.position, (_account, held, quantity) => seen.positions.push([held.symbol, quantity]));
ib.on(EventName.positionEnd, () => {
  ib.cancelPositions();
  place(first + 1, OrderAction.SELL);
});
ib.once(EventName.nextValidId, (id) => {
  first = id;
  ib.reqContractDetails(1, contract);
  ib.reqMktData(2, contract, "", false, false);
  place(first, OrderAction.BUY);
});
ib.connect();
