// Asks for the stage of the handoff, and reloads the page when it has changed.

const PAUSE_MS = 2_000;
const { stage } = document.querySelector("[data-stage]").dataset;

async function look() {
  try {
    const response = await fetch(location.pathname, { headers: { Accept: "application/json" }, redirect: "error" });
    const now = await response.json();
    if (now.stage !== stage) return location.replace(location.pathname);
  } catch {
    // offline, or the server does not answer: ask again
  }
  return setTimeout(look, PAUSE_MS);
}

setTimeout(look, PAUSE_MS);
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
