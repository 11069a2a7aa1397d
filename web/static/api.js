// What is asked of the console: reads, the halt, and actions with their confirmation.

const HALT_MS = 8000; // risk is given five seconds; nobody should believe in a halt that got stuck

export class Refused extends Error {}

async function asked(path, options = {}) {
  const answer = await fetch(path, options).catch(() => null);
  if (!answer) throw new Refused("The console does not answer.");
  if (answer.status === 401) location.replace("/login");
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(said.error || `The console answered with ${answer.status}.`);
  return said;
}

const at = (group) => `/api/groups/${encodeURIComponent(group)}`;

export function read(group, path, query = {}) {
  const given = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== "" && v !== null));
  const tail = given.size ? `?${given}` : "";
  return asked(`${at(group)}/${path}${tail}`);
}

export function post(path, body, signal = undefined) {
  return asked(path, {
    method: "POST",
    signal,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

export const session = () => asked("/api/session");
export const halt = (group, part = {}) =>
  post(`${at(group)}/halt`, part, AbortSignal.timeout?.(HALT_MS));
export const confirmation = (group, wanted) => post(`${at(group)}/confirmations`, wanted);
export const act = (group, wanted, nonce, typed) =>
  post(`${at(group)}/actions`, { ...wanted, nonce, typed });
