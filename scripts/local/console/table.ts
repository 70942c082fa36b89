/** A table that a narrow screen shows as a list: each row a paragraph, each cell with its heading before it. */
import { html } from 'hono/html';

export type Html = ReturnType<typeof html> | Promise<ReturnType<typeof html>> | string | number;

export interface Column {
  head: string;
  /** Right-aligned, for figures. */
  number?: boolean;
  /** Too plain to need its heading in a list. */
  plain?: boolean;
}

export interface Row {
  cells: readonly Html[];
  /** Stays the same while the row does. */
  key: string;
  bad?: boolean;
}

/** Roles are said aloud, since a table that is laid out as something else is one to the eye alone. The first cell of a row is its name. */
export function table(label: string, columns: readonly Column[], rows: readonly Row[]): Html {
  const classOf = ({ number, plain }: Column) =>
    [number ? 'number' : '', plain ? 'plain' : ''].filter(Boolean).join(' ') || 'text';
  return html`<table role="table" aria-label="${label}"><thead role="rowgroup"><tr role="row">${columns.map(
    (column) => html`<th role="columnheader" scope="col" class="${classOf(column)}">${column.head}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows.map(
    ({ cells, bad }) => html`<tr role="row"${bad ? html` class="bad"` : ''}>${cells.map((cell, at) => {
      const column = columns[at] ?? { head: '' };
      return at === 0
        ? html`<th role="rowheader" scope="row" class="${classOf(column)}">${cell}</th>`
        : html`<td role="cell" class="${classOf(column)}" data-head="${column.head}">${cell}</td>`;
    })}</tr>
`,
  )}</tbody></table>`;
}
