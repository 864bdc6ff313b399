// Asks the browser to keep the device's key, which Safari deletes after 7 days without a visit. Only on the press of a
// person who says that the device is their own: Firefox asks them.

document.querySelector("[data-remember]").addEventListener("submit", () => { navigator.storage?.persist?.(); });
