// Numbers and times as a person reads them. Times are UTC.

const plain = new Map();

function formatter(least, most) {
  const key = `${least}/${most}`;
  if (!plain.has(key)) {
    plain.set(key, new Intl.NumberFormat("en-US", {
      minimumFractionDigits: least, maximumFractionDigits: most,
    }));
  }
  return plain.get(key);
}

export const NONE = "–";

export function number(value, least = 0, most = 8) {
  if (value === null || value === undefined || value === "") return NONE;
  return formatter(least, Math.max(least, most)).format(Number(value));
}

export const money = (value) => number(value, 2, 2);
export const price = (value) => number(value, 2, 4);
export const whole = (value) => number(value, 0, 0);

export function signed(value, least = 2, most = 2) {
  if (value === null || value === undefined) return NONE;
  const shown = number(Math.abs(Number(value)), least, most);
  if (Number(value) > 0) return `+${shown}`;
  return Number(value) < 0 ? `−${shown}` : shown;
}

export function tone(value) {
  if (value === null || value === undefined || Number(value) === 0) return "";
  return Number(value) > 0 ? "up" : "down";
}

export function percent(share) {
  return share === null || share === undefined ? "?" : `${Math.round(share * 100)}%`;
}

export function micros(value) {
  if (value === null || value === undefined) return NONE;
  if (value >= 1e6) return `${number(value / 1e6, 1, 1)} s`;
  return value >= 1000 ? `${number(value / 1000, 1, 1)} ms` : `${number(value, 0, 0)} µs`;
}

export function clock(ns, parts = 0) {
  if (!ns) return NONE;
  return new Date(ns / 1e6).toISOString().slice(11, parts ? 20 + parts - 1 : 19);
}

export function moment(ns) {
  if (!ns) return NONE;
  const text = new Date(ns / 1e6).toISOString();
  return `${text.slice(5, 10)} ${text.slice(11, 19)}`;
}
