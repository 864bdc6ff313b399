// Keeps the desk up to date without losing anybody's place: the server renders, this swaps in what changed.
const REFRESH_MS = 1000;

// XMLHttpRequest hands over a parsed document, so no markup is ever made from a string (Trusted Types).
function fetched(method, url, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = "document";
    request.onload = () => (request.status < 400 ? resolve(request.response) : reject(new Error(request.status)));
    request.onerror = () => reject(new Error("offline"));
    request.send(body);
  });
}

// Makes `old` look like `next` and touches nothing that is alike: focus, scroll and animations stay. Items with a
// data-key are known by it, wherever they move.
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
  for (const region of document.querySelectorAll("[data-live]")) morph(region, desk.getElementById(region.id));
  markOwnKeys();
}

// The keys of this browser, if it has any: opening the database before the SDK did would spoil it for good.
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
  fading = setTimeout(() => (note.hidden = true), 2500);
}

async function refresh() {
  if (!document.hidden) await fetched("GET", location.pathname).then(show, () => toast("The sandbox does not answer."));
  setTimeout(refresh, REFRESH_MS);
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  toast(`${button.dataset.copy} copied`);
});

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target, event.submitter));
  const desk = await fetched("POST", event.target.action, body).catch(() => null);
  if (desk) show(desk);
  else toast("That did not work.");
});

markOwnKeys();
setTimeout(refresh, REFRESH_MS);
