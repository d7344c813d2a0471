/** Paths for operators, for whoever watches, and for browsers. */
import * as z from 'zod';
import { tierIds } from '../../shared/config-values.ts';
import { errors } from '../../shared/errors.ts';
import { clientIdPattern } from '../../shared/headers.ts';
import { CreateKeyBody, RevokeKeyBody, RotateKeyBody, UpdateKeyBody } from '../../shared/key-bodies.ts';
import { RollbackBody } from '../../shared/config-bodies.ts';
import { rangeIds } from '../../shared/observed.ts';
import { cacheStateIds, endingIds } from '../../shared/records.ts';
import * as deployment from './answers/deployment.ts';
import * as keys from './answers/keys.ts';
import * as statistics from './answers/statistics.ts';
import { ConfigPatch } from './bodies.ts';
import { json, type Operation, type Operations } from './operation.ts';

const html: Operation['answers'] = { 200: { description: 'The page.', bodies: [{ media: 'text/html; charset=utf-8' }] } };

const configQuery = { dry_run: z.enum(['true', 'false']), version: z.int().min(0).max(999_999_999), note: z.string().max(200) };
const configChanged: Operation['answers'] = { 200: json('What changes.', deployment.ConfigChanged) };
const podId = { id: z.string() };
const keyId = { id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) };
const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const clientId = z.string().regex(clientIdPattern);
const name = z.string().min(1).max(128);
const amount = z.string().regex(/^\d{1,9}(?:\.\d{1,9})?$/);

export const operatorOperations: Operations = {
  'GET /dashboard': { id: 'showDashboard', tag: 'pages', answers: html },
  'GET /playground': { id: 'showPlayground', tag: 'pages', answers: html },
  'GET /usage': { id: 'showUsage', tag: 'pages', answers: html },
  'GET /openapi.json': {
    id: 'getOpenApi',
    tag: 'pages',
    answers: { 200: json('This document.', z.looseObject({ openapi: z.string() })) },
  },
  'GET /health': { id: 'getHealth', tag: 'health', answers: { 200: json('The state of all models.', deployment.Health) } },
  'GET /livez': { id: 'isAlive', tag: 'health', answers: { 200: json('It answers.', deployment.Alive) } },
  'GET /readyz': { id: 'isReady', tag: 'health', answers: { 200: json('It may be sent requests.', deployment.Ready) } },
  'GET /stats': { id: 'getStats', tag: 'statistics', answers: { 200: json('Counts since the last reset.', statistics.Stats) } },
  'GET /stats/series': {
    id: 'getStatsSeries',
    tag: 'statistics',
    query: { range: z.enum(rangeIds) },
    answers: { 200: json('Counts over time.', statistics.Series) },
  },
  'GET /metrics': {
    id: 'getMetrics',
    tag: 'statistics',
    answers: {
      200: {
        description: 'Metrics for Prometheus, in the form that `accept` prefers.',
        bodies: [
          { media: 'text/plain; version=0.0.4; charset=utf-8' },
          { media: 'application/openmetrics-text; version=1.0.0; charset=utf-8' },
        ],
      },
    },
  },
  'GET /router/info': {
    id: 'getRouterInfo',
    tag: 'configuration',
    answers: { 200: json('The configuration in force.', deployment.RouterInfo) },
  },
  'GET /admin/fleet': { id: 'getFleet', tag: 'health', answers: { 200: json('Models, servers, places.', deployment.Fleet) } },
  'GET /admin/pods': { id: 'listPods', tag: 'health', answers: { 200: json('Rented pods.', deployment.PodList) } },
  'POST /admin/pods/:id/start': {
    id: 'startPod',
    tag: 'health',
    path: podId,
    answers: { 202: json('The pod, as it is now.', deployment.Pod) },
  },
  'POST /admin/pods/:id/stop': {
    id: 'stopPod',
    tag: 'health',
    path: podId,
    answers: { 202: json('The pod, as it is now.', deployment.Pod) },
  },
  'GET /admin/config': {
    id: 'getConfig',
    tag: 'configuration',
    answers: { 200: json('What was changed, and what that makes.', deployment.ConfigState) },
  },
  'PUT /admin/config': {
    id: 'setConfig',
    tag: 'configuration',
    query: configQuery,
    body: ConfigPatch,
    isBodyOptional: true,
    answers: configChanged,
  },
  'POST /admin/config': {
    id: 'mergeConfig',
    tag: 'configuration',
    query: configQuery,
    body: ConfigPatch,
    isBodyOptional: true,
    answers: configChanged,
  },
  'POST /admin/config/rollback': {
    id: 'rollbackConfig',
    tag: 'configuration',
    query: configQuery,
    body: RollbackBody,
    answers: configChanged,
  },
  'GET /admin/keys': {
    id: 'listKeys',
    tag: 'keys',
    query: { limit: z.int().min(1).max(500), after: keyId.id },
    answers: { 200: json('A page of keys.', keys.KeyList) },
  },
  'POST /admin/keys': {
    id: 'createKey',
    tag: 'keys',
    body: CreateKeyBody,
    answers: { 201: json('The new key, shown this once.', keys.NewKey) },
  },
  'GET /admin/keys/:id': { id: 'getKey', tag: 'keys', path: keyId, answers: { 200: json('The key.', keys.SeenKey) } },
  'PATCH /admin/keys/:id': {
    id: 'updateKey',
    tag: 'keys',
    path: keyId,
    body: UpdateKeyBody,
    isBodyOptional: true,
    answers: { 200: json('The key as it is now.', keys.Key) },
  },
  'DELETE /admin/keys/:id': {
    id: 'deleteKey',
    tag: 'keys',
    path: keyId,
    answers: { 200: json('It is deleted.', keys.KeyDeleted) },
  },
  'POST /admin/keys/:id/rotate': {
    id: 'rotateKey',
    tag: 'keys',
    path: keyId,
    body: RotateKeyBody,
    isBodyOptional: true,
    answers: { 201: json('The key that takes its place, shown this once.', keys.NewKey) },
  },
  'POST /admin/keys/:id/revoke': {
    id: 'revokeKey',
    tag: 'keys',
    path: keyId,
    body: RevokeKeyBody,
    isBodyOptional: true,
    answers: { 200: json('The revoked key.', keys.Key) },
  },
  'POST /admin/stats/reset': {
    id: 'resetStats',
    tag: 'statistics',
    answers: { 200: json('They start from zero.', statistics.StatsReset) },
  },
  'GET /admin/requests': {
    id: 'listRequests',
    tag: 'statistics',
    query: {
      from: moment,
      to: moment,
      id: clientId,
      key_id: name,
      agent: clientId,
      session: clientId,
      model: name,
      tier: z.enum(tierIds),
      ending: z.enum(endingIds),
      error_code: z.enum(Object.keys(errors)),
      status: z.int().min(200).max(599),
      cache: z.enum(cacheStateIds),
      min_cost_usd: amount,
      min_latency_ms: amount,
      source: z.enum(['recent']),
      limit: z.int().min(1).max(200),
      before: z.string(),
    },
    answers: { 200: json('A page of requests.', statistics.RequestList) },
  },
  'GET /admin/requests/:id': {
    id: 'getRequest',
    tag: 'statistics',
    path: { id: clientId },
    answers: { 200: json('The request, and what explains it.', statistics.RequestDetail) },
  },
  'POST /admin/feed/ticket': {
    id: 'createFeedTicket',
    tag: 'statistics',
    answers: { 200: json('A ticket.', deployment.FeedTicket) },
  },
  'GET /admin/feed': {
    id: 'openFeed',
    tag: 'statistics',
    query: { ticket: z.string().regex(/^[0-9a-f]{48}$/) },
    requires: ['ticket'],
    answers: { 101: { description: 'The connection becomes a WebSocket.', bodies: [] } },
  },
  'GET /admin/budgets': {
    id: 'listBudgets',
    tag: 'statistics',
    answers: { 200: json('Budgets, the fullest first.', statistics.BudgetList) },
  },
  'GET /admin/audit': { id: 'listChanges', tag: 'keys', answers: { 200: json('Who changed what.', keys.AuditLog) } },
};
