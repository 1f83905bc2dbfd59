import { Realtime } from "/realtime/client/realtime.js";
import { paint } from "./avatar.js";
import { csrfHeader, protect } from "./csrf.js";
import * as view from "./view.js";

const { $ } = view;
const KEPT = 500;
const TYPING_EVERY = 2000;
const TYPING_SHOWN = 4000;

const ask = path => fetch(path, { headers: { Accept: "application/json" } });
const toLogin = () => location.assign("/login.html");

const who = await ask("/me")
  .then(r => (r.ok && !r.redirected ? r.json() : undefined))
  .catch(() => undefined);
if (!who) {
  toLogin();
  await new Promise(() => {});
}
const me = who.name;
const projects = who.projects;

$("me").textContent = me;
$("me-avatar").textContent = me[0];
paint($("me-avatar"), me);

const rt = new Realtime({ headers: csrfHeader });
protect($("logout"), {
  // The end of the session closes the connection with 4401, and the answer to that must not overtake the form's.
  before: () => rt.close(),
  failed: () => view.toast("The server does not answer."),
});

// Connection state

let retryAt = 0;
let ticking;

function showState(state, { error, delay } = {}) {
  clearInterval(ticking);
  const label = () => {
    if (state === "waiting") {
      const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
      return seconds ? `Offline, again in ${seconds} s` : "Offline";
    }
    return { idle: "Idle", connecting: "Connecting", connected: "Live", closed: error ? "Signed off" : "Closed" }[state];
  };
  const show = () => ($("link-text").textContent = label());
  $("link").dataset.state = state;
  document.body.classList.toggle("offline", state !== "connected");
  $("link").title = state === "connected" ? "Connection " + rt.connectionId : error?.message || "";
  $("retry").hidden = state !== "waiting" && state !== "closed";
  if (state === "waiting") {
    retryAt = Date.now() + delay;
    ticking = setInterval(show, 500);
  }
  show();
  if (state === "closed" && error?.details?.closeCode === 4401) {
    toLogin();
  } else if (state === "waiting") {
    // A refused handshake looks like a lost connection; only an ordinary request tells that the login is gone.
    ask("/me").then(r => r.status === 401 && toLogin()).catch(() => {});
  }
}
rt.on("state", showState);
$("retry").addEventListener("click", () => rt.connect());
addEventListener("online", () => rt.state === "waiting" && rt.connect());

// One project at a time

let project;
let room;
let items; // what the timeline shows, oldest first: { kind, id?, at, node, from? }
let unsent; // own messages without their event yet, oldest first
let receipts; // message id → receipt
let approvals; // id → approval
let typists; // name → timer
let unread = 0;

function enter(id) {
  room?.leave();
  project = id;
  items = [];
  unsent = [];
  receipts = new Map();
  approvals = new Map();
  typists?.forEach(clearTimeout);
  typists = new Map();
  const known = projects.find(p => p.id === id);
  head(known?.name || "Project " + id);
  blank("One moment", "Joining the room…");
  showMembers([]);
  showApprovals();
  showTyping();
  drawTimeline();

  const mine = (room = rt.room("project:" + id, { presence: true }));
  room.onJoin(({ state, recovered }) => {
    served(state.servedBy);
    if (!recovered) {
      draw(state);
    }
  });
  room.onPresence(showMembers);
  looking();
  room.on("message.created", onMessage);
  room.on("typing", ({ user }) => user !== me && typing(user));
  room.on("notice.posted", n => append(item("notice", n)));
  room.on("approval.requested", a => {
    approvals.set(a.id, { ...approvals.get(a.id), ...a });
    showApprovals();
    append({ kind: "line", at: Date.now(), node: view.line("", "clock", view.strong(a.from), " asks for approval: ", view.strong(a.title)) });
  });
  room.on("approval.decided", ({ id, decision, by }) => {
    const a = { title: "an approval", ...approvals.get(id), id, decision, by };
    approvals.set(id, a);
    showApprovals();
    const yes = decision === "approved";
    append({ kind: "line", at: Date.now(), node: view.line(yes ? "approved" : "rejected", yes ? "check" : "x", view.strong(by), ` ${decision} `, view.strong(a.title)) });
  });
  room.onGap(reason => {
    const text = reason === "away" ? "You were away: notices of that time are not shown." : "Something was lost here.";
    append({ kind: "line", at: Date.now(), node: view.line("lost", "warn", text) });
  });
  room.onLeft(error => {
    if (mine === room) {
      items = [];
      unsent = [];
      drawTimeline();
      showMembers([]);
      $("composer").inert = $("ask").inert = true;
      blank({ forbidden: "Not your project", "not-found": "No such project" }[error.code] || "You are no longer in this room", error.message);
    }
  });
  $("composer").inert = $("ask").inert = false;
}

function head(name) {
  $("project").textContent = name;
  $("subtitle").textContent = "project:" + project;
  $("text").placeholder = "Message " + name;
  $("projects").replaceChildren(
    ...(projects.some(p => p.id === project) ? projects : [...projects, { id: project, name }]).map(p => {
      const a = view.el("a", { href: "?project=" + p.id }, view.el("span", { className: "number", textContent: p.id }), p.id === project ? name : p.name);
      if (p.id === project) {
        a.setAttribute("aria-current", "page");
      }
      return view.el("li", {}, a);
    }),
  );
  $("projects").querySelector("[aria-current]").scrollIntoView({ block: "nearest", inline: "nearest" });
  title();
}

function title() {
  document.title = `${unread ? `(${unread}) ` : ""}${$("project").textContent} · Project chat`;
}

function blank(title, text) {
  $("empty-title").textContent = title;
  $("empty-text").textContent = text;
}

function draw(state) {
  head(state.project?.name || $("project").textContent);
  blank("Nothing here yet", "Say something, or open this page in a second browser as somebody else.");
  approvals = new Map((state.approvals || []).map(a => [a.id, a]));
  showApprovals();
  // The state holds the messages; notices, marks and what could not be sent are ours to keep.
  const kept = items.filter(i => i.kind !== "message" || !i.id);
  items = [...(state.messages || []).map(m => item("message", m)), ...kept].sort((a, b) => a.at - b.at);
  const there = new Set(items.map(i => i.id));
  unsent = unsent.filter(p => !there.has(p.id));
  drawTimeline();
  toEnd();
}

// Timeline

function item(kind, { id, from, text, at }) {
  const when = at ? Date.parse(at) || Date.now() : Date.now();
  const mine = from === me;
  const node = kind === "notice" ? view.notice({ from, text, at: when }) : view.message({ from, text, at: when, mine });
  const it = { kind, id, from, at: when, node };
  mark(it);
  return it;
}

/** The delivery mark under an own message, once there is a receipt. */
function mark(it) {
  const receipt = it.kind === "message" && receipts.get(it.id);
  if (receipt) {
    setMark(it, view.receiptMark(receipt));
  }
}

function setMark(it, node) {
  it.node.querySelector(".receipt")?.remove();
  it.node.append(node);
}

function drawTimeline() {
  const nodes = [];
  let previous;
  for (const it of items) {
    if (it.at && (!previous || view.dayOf(previous.at) !== view.dayOf(it.at))) {
      nodes.push((it.day ??= view.day(it.at)));
      previous = undefined;
    }
    follow(it, previous);
    nodes.push(it.node);
    previous = it;
  }
  for (const it of unsent) {
    follow(it, previous);
    nodes.push(it.node);
    previous = it;
  }
  const there = new Set(nodes);
  const list = $("items");
  [...list.children].filter(n => !there.has(n)).forEach(n => n.remove());
  // Nodes that stand where they belong stay untouched: no repeated animation or announcement, no lost selection.
  let next = list.firstChild;
  for (const node of nodes) {
    if (node === next) {
      next = next.nextSibling;
    } else {
      list.insertBefore(node, next);
    }
  }
  $("empty").hidden = nodes.length > 0;
}

/** Messages of one person within five minutes stand together. */
function follow(it, previous) {
  const together = it.kind === "message" && previous?.kind === "message" && previous.from === it.from && it.at - previous.at < 300_000;
  it.node.classList.toggle("follows", !!together);
}

function append(it) {
  const end = atEnd();
  items.push(it);
  items.splice(0, items.length - KEPT);
  it.node.classList.add("fresh");
  drawTimeline();
  settle(end, it.from !== me);
  if (document.hidden && it.from !== me) {
    unread++;
    title();
  }
}

const atEnd = () => $("timeline").scrollHeight - $("timeline").scrollTop - $("timeline").clientHeight < 80;

function toEnd() {
  $("timeline").scrollTop = $("timeline").scrollHeight;
  $("jump").hidden = true;
}

function settle(wasAtEnd, news) {
  if (wasAtEnd) {
    toEnd();
  } else if (news) {
    $("jump").hidden = false;
  }
}
$("jump").addEventListener("click", toEnd);
$("timeline").addEventListener("scroll", () => {
  view.hideCard();
  if (atEnd()) {
    $("jump").hidden = true;
  }
});
let stuck = true;
$("timeline").addEventListener("scroll", () => (stuck = atEnd()));
new ResizeObserver(() => {
  view.hideCard();
  if (stuck) {
    toEnd();
  }
}).observe($("timeline"));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    unread = 0;
    title();
  }
});

// Messages: the ack and the own event come in either order

function onMessage(m) {
  stopTyping(m.from);
  if (items.some(i => i.kind === "message" && i.id === m.id)) {
    return;
  }
  const own = m.from === me && (unsent.find(p => p.id === m.id) || unsent.find(p => !p.id && p.text === m.text));
  if (own) {
    unsent.splice(unsent.indexOf(own), 1);
    own.id = m.id;
    own.at = Date.parse(m.at) || own.at;
    own.node.classList.remove("pending");
    mark(own);
    const end = atEnd();
    items.push(own);
    drawTimeline();
    settle(end, false);
  } else {
    append(item("message", m));
  }
}

async function sendMessage(text, failed) {
  const here = room;
  const it = failed || { kind: "message", from: me, text, node: undefined };
  it.at = Date.now();
  it.node = view.message({ from: me, text, at: it.at, mine: true, pending: true });
  setMark(it, view.el("span", { className: "receipt" }, view.icon("clock"), "sending"));
  if (failed) {
    items.splice(items.indexOf(failed), 1);
  } else {
    it.node.classList.add("fresh");
  }
  unsent.push(it);
  drawTimeline();
  toEnd();
  try {
    const { data } = await here.publish("message.send", { text });
    if (data?.id && data.receipt) {
      it.id ??= data.id;
      receipts.set(data.id, data.receipt);
    }
    const end = atEnd();
    [...items, ...unsent].filter(i => i.id === data?.id).forEach(mark);
    settle(end, false);
  } catch (e) {
    const at = unsent.indexOf(it);
    if (at < 0) {
      return; // Its event has come meanwhile, or this is another room.
    }
    unsent.splice(at, 1);
    items.push(it);
    drawTimeline();
    it.node.classList.replace("pending", "failed");
    const again = view.el("button", { type: "button", className: "again", textContent: "Try again" });
    again.addEventListener("click", () => sendMessage(text, it));
    setMark(it, view.el("span", { className: "receipt failed" }, view.icon("warn"), e.code === "closed" ? "not sent" : e.message, again));
    if (atEnd()) {
      toEnd();
    }
  }
}

// Composer

let asNotice = false;
let lastTyping = 0;

function setNotice(on) {
  asNotice = on;
  $("as-notice").setAttribute("aria-pressed", String(on));
  $("composer").classList.toggle("notice-mode", on);
  $("text").placeholder = on ? "A notice for everybody here" : "Message " + $("project").textContent;
}

function grow() {
  const t = $("text");
  t.style.height = "auto";
  t.style.height = t.scrollHeight + "px";
}

$("as-notice").addEventListener("click", () => {
  setNotice(!asNotice);
  $("text").focus();
});
$("text").addEventListener("input", () => {
  grow();
  if ($("text").value && !asNotice && Date.now() - lastTyping > TYPING_EVERY) {
    lastTyping = Date.now();
    room.send("typing");
  }
});
$("text").addEventListener("keydown", e => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
    e.preventDefault();
    $("composer").requestSubmit();
  }
});
$("composer").addEventListener("submit", e => {
  e.preventDefault();
  const text = $("text").value.trim();
  if (!text) {
    return;
  }
  $("text").value = "";
  grow();
  lastTyping = 0;
  if (asNotice) {
    setNotice(false);
    command("notice.post", { text }).then(done => {
      if (!done) {
        $("text").value = text;
        setNotice(true);
      }
    });
  } else {
    sendMessage(text);
  }
});

/** Publishes and tells the person when it did not work. */
async function command(event, data) {
  try {
    await room.publish(event, data);
    return true;
  } catch (e) {
    view.toast(e.details?.[0]?.message || e.message);
    return false;
  }
}

// Typing, approvals, people

function typing(user) {
  clearTimeout(typists.get(user));
  typists.set(user, setTimeout(() => stopTyping(user), TYPING_SHOWN));
  showTyping();
}

function stopTyping(user) {
  clearTimeout(typists.get(user));
  if (typists.delete(user)) {
    showTyping();
  }
}

function showTyping() {
  const names = [...typists.keys()];
  const text = names.length > 2 ? "Several people are typing" : names.join(" and ") + (names.length > 1 ? " are typing" : " is typing");
  const dots = view.el("span", { className: "dots" }, view.el("i"), view.el("i"), view.el("i"));
  $("typing").replaceChildren(...(names.length ? [dots, text] : []));
}

function showApprovals() {
  const all = [...approvals.values()].reverse();
  const open = all.filter(a => !a.decision);
  const decided = all.filter(a => a.decision).slice(0, 10);
  $("approvals").replaceChildren(...[...open, ...decided].map(a => view.approval(a, me, (id, decision) => command("approval.decide", { id, decision }))));
  $("no-approvals").hidden = all.length > 0;
  for (const id of ["open-count", "tab-count"]) {
    $(id).textContent = String(open.length);
    $(id).hidden = !open.length;
  }
}

$("ask").addEventListener("submit", async e => {
  e.preventDefault();
  const title = $("title").value.trim();
  if (title && (await command("approval.request", { title }))) {
    $("title").value = "";
  }
});

/** However many tabs somebody has, and on whatever process. */
function showMembers(members, count = members.length) {
  const sorted = [...members].sort((a, b) => (b.user === me) - (a.user === me) || a.user.localeCompare(b.user));
  $("members").replaceChildren(...sorted.map(m => view.member(m, me)));
  $("member-count").textContent = String(count);
  for (const user of typists.keys()) {
    if (!members.some(m => m.user === user)) {
      stopTyping(user);
    }
  }
}

/** Which process this tab is connected to: after a reconnect it may be another one. */
function served(by) {
  $("served").textContent = by ? `This tab is served by process ${by.process} on port ${by.port}` : "";
}

/** Somebody who looks at none of its tabs is away. */
function looking() {
  room.setPresence(document.hidden ? "idle" : "online");
}
document.addEventListener("visibilitychange", () => room && looking());

// Views and projects

document.querySelector(".tabs").addEventListener("click", e => {
  const button = e.target.closest("[data-view]");
  if (button) {
    document.body.dataset.view = button.dataset.view;
    document.querySelectorAll(".tabs button").forEach(b => b.removeAttribute("aria-current"));
    button.setAttribute("aria-current", "true");
  }
});
document.addEventListener("keydown", e => e.key === "Escape" && view.hideCard());

const wanted = () => {
  const id = Number(new URLSearchParams(location.search).get("project"));
  return Number.isSafeInteger(id) && id > 0 ? id : (projects[0]?.id ?? 42);
};
$("projects").addEventListener("click", e => {
  const a = e.target.closest("a");
  if (a && !e.ctrlKey && !e.metaKey && !e.shiftKey) {
    e.preventDefault();
    history.pushState(null, "", a.href);
    go();
  }
});
addEventListener("popstate", go);

function go() {
  if (wanted() !== project) {
    enter(wanted());
    $("text").focus({ preventScroll: true });
  }
}
go();
