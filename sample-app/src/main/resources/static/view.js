import { paint } from "./avatar.js";

export const $ = id => document.getElementById(id);

/** An element with properties and children; text only ever becomes text. */
export function el(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter(c => c !== undefined && c !== null && c !== false));
  return node;
}

export function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", "#i-" + name);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export function avatar(name) {
  const node = paint(el("span", { className: "avatar", textContent: [...name][0] || "?" }), name);
  node.setAttribute("aria-hidden", "true");
  return node;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
export const dayOf = at => new Date(at).toDateString();

export function time(at) {
  const date = new Date(at);
  return el("time", { dateTime: date.toISOString(), title: date.toLocaleString(), textContent: clock.format(date) });
}

export function day(at) {
  const today = dayOf(at) === dayOf(Date.now());
  return el("li", { className: "day", textContent: today ? "Today" : calendar.format(new Date(at)) });
}

export function message({ from, text, at, mine, pending }) {
  return el(
    "li",
    { className: `message${mine ? " mine" : ""}${pending ? " pending" : ""}` },
    avatar(from),
    el("div", { className: "who" }, el("b", { textContent: from }), el("span", { className: "sr", textContent: mine ? "you" : "" }), time(at)),
    el("div", { className: "bubble", textContent: text }),
  );
}

export const notice = ({ from, text, at }) =>
  el("li", { className: "notice" }, icon("notice"), el("p", { textContent: text }), el("small", {}, `Notice from ${from} · `, time(at)));

export const line = (kind, iconName, ...parts) => el("li", { className: "line " + kind }, icon(iconName), el("span", {}, ...parts));

export const strong = text => el("b", { textContent: text });

/** What an own message's mark says, and the card behind it. */
export function receiptMark(receipt) {
  const { members = 0, accepted = 0, coalesced = 0 } = receipt;
  const delivered = accepted + coalesced;
  const complete = delivered === members;
  const mark = el("button", { type: "button", className: "receipt " + (complete ? "ok" : "partial") }, icon(complete ? "double" : "warn"), `delivered to ${delivered} of ${members}`);
  const show = () => showCard(mark, receipt, delivered, members);
  mark.addEventListener("mouseenter", show);
  mark.addEventListener("focus", show);
  // A tap enters, focuses and leaves at once: what has the focus keeps its card.
  mark.addEventListener("mouseleave", () => document.activeElement !== mark && hideCard());
  mark.addEventListener("blur", hideCard);
  mark.setAttribute("aria-describedby", "receipt-card");
  return mark;
}

function showCard(mark, receipt, delivered, members) {
  const card = $("receipt-card");
  const bar = el("div", { className: "bar" }, el("i"), el("i", { className: "lost" }));
  bar.children[0].style.flex = String(delivered);
  bar.children[1].style.flex = String(Math.max(0, members - delivered));
  const rows = el("dl");
  const row = (label, value) => {
    const className = value === 0 ? "zero" : "";
    rows.append(el("dt", { className, textContent: label }), el("dd", { className, textContent: String(value) }));
  };
  for (const outcome of ["accepted", "coalesced", "dropped", "closed", "stale"]) {
    row(outcome[0].toUpperCase() + outcome.slice(1), receipt[outcome] ?? 0);
  }
  row("Bytes queued", (receipt.bytes ?? 0).toLocaleString());
  if (receipt.backplane) {
    row("Backplane", String(receipt.backplane).toLowerCase().replace("_", " "));
  }
  card.replaceChildren(strong(`${delivered} of ${members} connections`), bar, rows);
  card.hidden = false;
  const at = mark.getBoundingClientRect();
  const { width, height } = card.getBoundingClientRect();
  const above = at.top - height - 8;
  card.style.left = Math.max(8, Math.min(at.right - width, innerWidth - width - 8)) + "px";
  card.style.top = (above > 8 ? above : at.bottom + 8) + "px";
}

export function hideCard() {
  $("receipt-card").hidden = true;
}

export function approval(a, me, decide) {
  const open = !a.decision;
  const node = el("li", { className: "approval" + (open ? " open" : "") }, el("p", { textContent: a.title }));
  if (!open) {
    const yes = a.decision === "approved";
    node.append(el("span", { className: "verdict " + (yes ? "approved" : "rejected") }, icon(yes ? "check" : "x"), `${yes ? "Approved" : "Rejected"}${a.by ? " by " + a.by : ""}`));
  } else if (a.from === me) {
    node.append(el("small", { textContent: "You asked. Waiting for somebody else." }));
  } else {
    const button = (decision, label, primary) => {
      const b = el("button", { type: "button", className: "button" + (primary ? " primary" : ""), textContent: label });
      b.setAttribute("aria-label", `${label}: ${a.title}`);
      b.addEventListener("click", async () => {
        const both = [...node.querySelectorAll("button")];
        both.forEach(x => (x.disabled = true));
        await decide(a.id, decision);
        both.forEach(x => (x.disabled = false));
      });
      return b;
    };
    node.append(el("small", { textContent: `${a.from} asks` }), el("div", { className: "decide" }, button("approved", "Approve", true), button("rejected", "Reject")));
  }
  return node;
}

export function member({ user, state }, me) {
  const idle = state === "idle";
  const notes = [user === me && "you", idle && "away"].filter(Boolean).join(", ");
  return el("li", { className: "member" + (idle ? " idle" : "") }, avatar(user), el("span", { textContent: user }), notes && el("small", { textContent: notes }));
}

export function toast(text) {
  const node = el("div", { className: "toast", textContent: text });
  $("toasts").append(node);
  setTimeout(() => node.remove(), 5000);
}
