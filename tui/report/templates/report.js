"use strict";
// Sorts and filters the samples. Reads and moves what is there; makes no markup from text.
(() => {
  const table = document.getElementById("samples-table");
  const filters = document.getElementById("filters");
  if (!table || !filters) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const count = document.getElementById("count");
  const fields = Array.from(filters.querySelectorAll("select"));
  const search = filters.querySelector("input");
  const columns = { benchmark: 0, ability: 1, verdict: 2 };
  const texts = new Map();
  const collator = new Intl.Collator("en");

  const value = (row, name) =>
    name in columns ? row.cells[columns[name]].textContent : row.dataset[name] || "";

  for (const field of fields) {
    const values = new Set(rows.map((row) => value(row, field.name)).filter(Boolean));
    for (const name of Array.from(values).sort()) field.add(new Option(name, name));
    field.parentElement.hidden = values.size === 0;
  }

  const text = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };

  const filter = () => {
    const sought = search.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const isShown = fields.every((field) => !field.value || value(row, field.name) === field.value)
        && (!sought || text(row).includes(sought));
      row.hidden = !isShown;
      shown += isShown;
    }
    count.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} samples`;
  };

  const sort = (heading) => {
    const place = heading.cellIndex;
    const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of heading.parentElement.cells) {
      if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    }
    heading.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
    const keys = new Map(rows.map((row) => {
      const cell = row.cells[place];
      return [row, heading.dataset.sort === "number" ? parseFloat(cell.dataset.value) : cell.textContent.trim()];
    }));
    rows.sort((one, other) => {
      const [a, b] = [keys.get(one), keys.get(other)];
      if (typeof a === "string") return sign * collator.compare(a, b);
      if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
      return sign * (a - b);
    });
    body.append(...rows);
  };

  for (const heading of table.tHead.rows[0].cells) {
    if (!heading.dataset.sort) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading));
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
  }

  for (const field of fields) field.addEventListener("change", filter);
  search.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => setTimeout(filter));
  filters.hidden = false;
  filter();
})();
