/** A target that works with nothing installed: a food stall's orders in an SQLite file. The texts are here, and not in files, so that a built function has them. */
import { resolve } from 'node:path';
import { DEFAULTS, type Target } from './target.ts';

/** By file name. */
const SAMPLE: Readonly<Record<string, string>> = {
  '1_stalls.up.sql': `CREATE TABLE stalls (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  unit TEXT NOT NULL
);
INSERT INTO stalls (name, unit) VALUES ('Tian Tian Chicken Rice', '01-10'), ('Zhen Zhen Porridge', '01-54');
`,
  '1_stalls.down.sql': 'DROP TABLE stalls;\n',
  '2_dishes.up.sql': `-- Prices are in cents: money never goes into a floating-point column.
CREATE TABLE dishes (
  id INTEGER PRIMARY KEY,
  stall_id INTEGER NOT NULL REFERENCES stalls (id),
  name TEXT NOT NULL,
  cents INTEGER NOT NULL CHECK (cents > 0)
);
CREATE INDEX dishes_by_stall ON dishes (stall_id);
INSERT INTO dishes (stall_id, name, cents) SELECT id, 'Chicken rice', 500 FROM stalls WHERE unit = '01-10';
INSERT INTO dishes (stall_id, name, cents) SELECT id, 'Fish porridge', 450 FROM stalls WHERE unit = '01-54';
`,
  '2_dishes.down.sql': 'DROP TABLE dishes;\n',
  '3_closed_stalls.up.sql': `-- A new column with a default: rows that are there already get it too.
ALTER TABLE stalls ADD COLUMN closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));
`,
  '3_closed_stalls.down.sql': 'ALTER TABLE stalls DROP COLUMN closed;\n',
  '4_menu.up.sql': `-- A trigger holds semicolons of its own; the file is run as a whole all the same.
CREATE TABLE price_changes (
  dish_id INTEGER NOT NULL,
  was INTEGER NOT NULL,
  became INTEGER NOT NULL
);
CREATE TRIGGER price_changed AFTER UPDATE OF cents ON dishes WHEN old.cents <> new.cents
BEGIN
  INSERT INTO price_changes (dish_id, was, became) VALUES (old.id, old.cents, new.cents);
END;
CREATE VIEW menu AS
  SELECT stalls.unit, stalls.name AS stall, dishes.name AS dish, dishes.cents
  FROM dishes JOIN stalls ON stalls.id = dishes.stall_id
  WHERE stalls.closed = 0;
`,
  '4_menu.down.sql': `DROP VIEW menu;
DROP TRIGGER price_changed;
DROP TABLE price_changes;
`,
};

/** `data` is HAWKER_DATA. */
export function sampleTarget(data: string): Target {
  return {
    name: 'sample',
    kind: 'sqlite',
    address: { from: 'path', path: resolve(data, 'sample.db') },
    folder: { files: SAMPLE },
    labels: {},
    ...DEFAULTS,
  };
}
