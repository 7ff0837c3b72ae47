//! DataFusion: catalog, tables, FetchExec, writes, rules, SHOW, DESCRIBE, EXEC.
