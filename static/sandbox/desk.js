// Refreshes the page: the server renders it, and this script applies the differences, so that focus and scroll stay.
const REFRESH_MS = 1000;

// XMLHttpRequest returns a parsed document, so that no markup is made from a string (Trusted Types).
function fetched() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.pathname);
    request.responseType = "document";
    request.onload = () => (request.status < 400 ? resolve(request.response) : reject(new Error(request.status)));
    request.onerror = () => reject(new Error("offline"));
    request.send();
  });
}

// Makes `old` equal to `next` and leaves equal nodes untouched, so that focus, scroll position and animations stay.
// Elements with a data-key are matched by it, even if they have moved.
function morph(old, next) {
  if (old.isEqualNode(next)) return;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== next.nodeName) {
    old.replaceWith(document.importNode(next, true));
    return;
  }
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const known = new Map([...old.children].map((child) => [child.dataset.key, child]));
  next.childNodes.forEach((child, place) => {
    const here = old.childNodes[place] ?? null;
    const key = child.dataset?.key;
    const same = key ? known.get(key) : here?.dataset?.key ? null : here;
    if (!same) old.insertBefore(document.importNode(child, true), here);
    else {
      if (same !== here) old.insertBefore(same, here);
      morph(same, child);
    }
  });
  while (old.childNodes.length > next.childNodes.length) old.lastChild.remove();
}

function show(desk) {
  const { activeElement } = document;
  for (const region of document.querySelectorAll("[data-live]")) morph(region, desk.getElementById(region.id));
  if (activeElement !== document.activeElement && activeElement.isConnected) activeElement.focus({ preventScroll: true });
  markOwnKeys();
}

// The deviceIds of this browser's Prove Keys. If the Web SDK has not created its database yet, opening it here would
// create an empty one, which the SDK could never use.
async function ownDevices() {
  const databases = (await indexedDB.databases?.()) ?? [];
  if (!databases.some(({ name }) => name === "ProveAuth")) return [];
  return new Promise((resolve) => {
    const opening = indexedDB.open("ProveAuth");
    opening.onerror = () => resolve([]);
    opening.onsuccess = () => {
      const database = opening.result;
      database.onversionchange = () => database.close();
      const reading = database.transaction("Registrations").objectStore("Registrations").getAll();
      reading.onerror = () => resolve([]);
      reading.onsuccess = () => resolve(reading.result.map(({ deviceId }) => deviceId));
      reading.transaction.oncomplete = () => database.close();
    };
  });
}

let own = new Set();
let seen = "";
async function markOwnKeys() {
  const items = [...document.querySelectorAll("[data-device]")];
  const mark = () => items.forEach((item) => (item.querySelector(".here").hidden = !own.has(item.dataset.device)));
  mark();
  const now = items.map((item) => item.dataset.device).join();
  if (now === seen) return;
  seen = now;
  own = new Set(await ownDevices());
  mark();
}

let fading;
function toast(text) {
  const note = document.getElementById("toast");
  note.textContent = text;
  note.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (note.hidden = true), 2500 + 40 * text.length);
}

const gone = () => toast("The sandbox does not answer.");

async function refresh() {
  if (!document.hidden) await fetched().then(show).catch(gone);
  setTimeout(refresh, REFRESH_MS);
}

// Browsers offer the clipboard only on https and on localhost.
async function copy(text) {
  const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  toast(copied ? `${text} copied` : `This page may not copy, you may: ${text}`);
}

// A new tab begins with a copy of this session storage, from which the app's page takes what was typed.
function tryInTheApp(phone, app) {
  sessionStorage.setItem("typed", JSON.stringify({ phone }));
  window.open(app);
  sessionStorage.removeItem("typed");
}

async function send(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
  if (answer.status >= 400) return toast((await answer.json()).error);
  const ask = form.closest(".ask");
  ask?.removeAttribute("open");
  ask?.querySelector("summary").focus();
  show(await fetched());
}

// Shows only the options that the chosen kind of fault takes, with their defaults.
function offer(order) {
  const takes = JSON.parse(order.elements.kind.selectedOptions[0].dataset.takes);
  for (const label of order.querySelectorAll("[data-option]")) {
    const fallback = takes[label.dataset.option];
    label.hidden = label.control.disabled = fallback === undefined;
    label.control.placeholder = JSON.stringify(fallback) ?? "";
  }
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-copy]");
  if (button) copy(button.dataset.copy);
  const attempt = target.closest("[data-try]");
  if (attempt) tryInTheApp(attempt.dataset.try, attempt.dataset.app);
});
document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target, event.submitter).catch(gone);
});

const order = document.querySelector(".order");
order.addEventListener("change", () => offer(order));
offer(order);
markOwnKeys();
setTimeout(refresh, REFRESH_MS);
