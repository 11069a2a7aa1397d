// Actions: the halt at once, everything else with what it would do and a name to be typed.
import * as api from "./api.js";
import { h } from "./dom.js";

const RANK = { viewer: 0, trader: 1, admin: 2 };
const VALID_S = 60;
const said = document.getElementById("said");
let role = "viewer";

export const setRole = (name) => { role = name; };
export const may = (needed) => RANK[role] >= RANK[needed];

export function say(text, level = "good") {
  const line = h("div", { class: `toast ${level}` }, text,
    h("button", { class: "quiet", type: "button", "aria-label": "Dismiss",
      onclick: () => line.remove() }, "×"));
  said.append(line);
  setTimeout(() => line.remove(), level === "good" ? 6000 : 15000);
}

export async function halt(group, part = {}) {
  try {
    const done = await api.halt(group, part);
    say(`${group}: ${done.text}`, done.ok ? "good" : "bad");
  } catch (refused) {
    say(`${group}: not halted. ${refused.message}`, "bad");
  }
}

// Opens a dialog. What is behind it cannot be clicked, so it has a halt of its own; the last thing
// in it, so that no key presses it by accident.
export function show(dialog, group, content) {
  dialog.replaceChildren(content, h("button", { class: "halt over", type: "button",
    title: "Stop everything that adds risk, at once", onclick: () => halt(group) },
  `Halt ${group}`));
  dialog.showModal();
}

export function button(label, needed, onclick, className = "small") {
  return h("button", {
    class: className, type: "button", onclick,
    disabled: may(needed) ? null : true,
    title: may(needed) ? null : `needs the role ${needed}`,
  }, label);
}

// Asks the console what an action would do, shows it, and does it once the name is typed.
export async function confirmed(group, wanted, title) {
  let plan;
  try {
    plan = await api.confirmation(group, wanted);
  } catch (refused) {
    say(refused.message, "bad");
    return;
  }
  ask(group, wanted, title, plan);
}

function ask(group, wanted, title, plan) {
  const dialog = document.getElementById("confirm");
  const field = h("input", {
    id: "typed", type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off",
  });
  const go = h("button", { class: "act danger", type: "submit", disabled: true }, title);
  const left = h("span", { class: "muted" });
  const started = performance.now();
  const timer = setInterval(() => {
    const seconds = VALID_S - Math.floor((performance.now() - started) / 1000);
    left.textContent = `valid for ${Math.max(0, seconds)} s`;
    if (seconds <= 0) dialog.close();
  }, 500);
  field.addEventListener("input", () => { go.disabled = field.value !== plan.typed; });
  const form = h("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      go.disabled = true;
      await finish(group, wanted, plan.nonce, field.value);
      dialog.close();
    },
  },
  h("h2", { id: "confirm-title" }, title),
  h("p", { class: "of" }, "in ", h("b", {}, group)),
  h("p", { class: "plan" }, plan.text),
  h("label", { for: "typed" }, "Type ", h("code", {}, plan.typed), " to confirm"),
  field,
  h("div", { class: "row" }, left,
    h("button", { class: "quiet", type: "button", onclick: () => dialog.close() }, "Cancel"), go));
  dialog.addEventListener("close", () => clearInterval(timer), { once: true });
  show(dialog, group, form);
  field.focus();
}

async function finish(group, wanted, nonce, typed) {
  try {
    const done = await api.act(group, wanted, nonce, typed);
    say(done.text, done.ok ? "good" : "bad");
  } catch (refused) {
    say(refused.message, "bad");
  }
}

// Asks for one number, then goes on with it.
export function counted(group, title, label, then) {
  const dialog = document.getElementById("confirm");
  const field = h("input", { id: "count", type: "number", min: 1, max: 100, value: 2, required: true });
  const form = h("form", {
    onsubmit: (event) => {
      event.preventDefault();
      dialog.close();
      then(Number(field.value));
    },
  }, h("h2", { id: "confirm-title" }, title), h("label", { for: "count" }, label), field,
  h("div", { class: "row" },
    h("button", { class: "quiet", type: "button", onclick: () => dialog.close() }, "Cancel"),
    h("button", { class: "act", type: "submit" }, "Review")));
  show(dialog, group, form);
  field.focus();
}

// ---- the order ticket -----------------------------------------------------------------------

export function ticket(group, desk, symbol, side = "BUY") {
  const dialog = document.getElementById("confirm");
  const input = (name, more = {}) =>
    h("input", { id: `t-${name}`, name, type: "text", inputmode: "decimal",
      autocomplete: "off", ...more });
  const pick = (name, values, chosen) => h("select", { id: `t-${name}`, name },
    values.map((v) => h("option", { value: v, selected: v === chosen ? true : null }, v)));
  const field = (label, element) =>
    h("div", { class: "field" }, h("label", { for: element.id }, label), element);
  const form = h("form", {
    onsubmit: (event) => {
      event.preventDefault();
      const given = Object.fromEntries(new FormData(form));
      const parameters = { side: given.side, quantity: given.quantity, account: given.account };
      for (const name of ["limit", "stop", "trail"]) {
        if (given[name]) parameters[name] = given[name];
      }
      if (given.tif) parameters.tif = given.tif;
      dialog.close();
      const title = `${given.side === "BUY" ? "Buy" : "Sell"} ${given.quantity} ${symbol}`;
      confirmed(group, { action: "order", target: symbol, parameters }, title);
    },
  },
  h("h2", { id: "confirm-title" }, `Order ${symbol}`),
  h("p", { class: "of" }, "in ", h("b", {}, group)),
  h("div", { class: "fields" },
    field("Side", pick("side", ["BUY", "SELL"], side)),
    field("Quantity", input("quantity", { required: true })),
    field("Limit", input("limit", { placeholder: "market" })),
    field("Stop", input("stop", { placeholder: "none" })),
    field("Trail", input("trail", { placeholder: "none" })),
    field("Time in force", pick("tif", ["DAY", "GTC", "IOC", "FOK"], "DAY")),
    field("Account", pick("account", desk.account_names || [], (desk.account_names || [])[0]))),
  h("div", { class: "row" }, h("span", { class: "muted" }, "The broker is asked what it would do."),
    h("button", { class: "quiet", type: "button", onclick: () => dialog.close() }, "Cancel"),
    h("button", { class: "act", type: "submit" }, "Review")));
  show(dialog, group, form);
  form.querySelector("[name=quantity]").focus();
}
