-- Vectors of documents, for `rag.store: pgvector`. Without dimensions, because another embedding model has others. The extension's schema is named:
-- the first one of the owner's search path may be one that the gateway's role does not look into.
create extension if not exists vector with schema public;
create table if not exists pointsman.rag_vectors (
  id text primary key, tenant_id text not null, collection text not null, embedding vector not null);
create index if not exists rag_vectors_place on pointsman.rag_vectors (tenant_id, collection);
