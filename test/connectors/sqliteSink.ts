/** A sink of one's own, exactly-once: rows of a SQLite table. */
import { DatabaseSync } from 'node:sqlite';
import { type Sink, SinkError } from 'sluice';

export interface Row {
  readonly name: string;
  readonly amount: number;
}

/** What one writer prepared for one checkpoint: plain data, since it becomes part of the snapshot. */
interface Transaction {
  /** No other transaction has it, in no run. */
  readonly id: string;
  readonly rows: readonly Row[];
}

export function sqliteSink(file: string): Sink<Row, Transaction> {
  return {
    name: `sqlite ${file}`,
    guarantee: 'exactly-once',

    // One writer for each subtask. It makes nothing visible.
    createWriter() {
      let writer = '';
      let rows: Row[] = [];
      return {
        open({ runId, attempt, subtaskIndex }) {
          writer = `${runId}/${attempt}/${subtaskIndex}`;
        },
        write(row) {
          rows.push(row);
        },
        // The barrier of a checkpoint: what came before it is one transaction, what comes after it the next.
        prepareCommit({ checkpointId }) {
          if (rows.length === 0) return [];
          const transaction = { id: `${writer}/${checkpointId}`, rows };
          rows = [];
          return [transaction];
        },
        writerState: () => null,
        close() {},
      };
    },

    // One committer for each subtask. It hears of a transaction when its checkpoint is complete, and again after a failure.
    createCommitter() {
      let database: DatabaseSync | null = null;
      const commit = (transactions: readonly Transaction[]) => {
        if (database === null) throw new SinkError(`${file} is not open.`);
        for (const { id, rows } of transactions) {
          // Both in one transaction of the database: the rows are there if and only if their id is.
          database.exec('BEGIN IMMEDIATE');
          const isNew = database.prepare('INSERT OR IGNORE INTO committed VALUES (?)').run(id).changes > 0;
          const insert = database.prepare('INSERT INTO amounts VALUES (?, ?)');
          if (isNew) for (const { name, amount } of rows) insert.run(name, amount);
          database.exec('COMMIT');
        }
      };
      return {
        // Before anything is written: what the restored snapshot had prepared is perhaps not committed yet.
        recover(_context, pending) {
          database = new DatabaseSync(file);
          database.exec(`
            PRAGMA busy_timeout = 10000;
            CREATE TABLE IF NOT EXISTS amounts (name TEXT, amount REAL);
            CREATE TABLE IF NOT EXISTS committed (id TEXT PRIMARY KEY);
          `);
          commit(pending);
        },
        commit,
        close() {
          database?.close();
          database = null;
        },
      };
    },
  };
}
