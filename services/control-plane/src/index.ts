export { type ControlPlaneOptions, createControlPlane } from './app.ts';
export { type RunningControlPlane, type StartOptions, startControlPlane } from './server.ts';
