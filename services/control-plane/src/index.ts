export { type ControlPlaneOptions, createControlPlane } from './control-plane.ts';
export { type RunningControlPlane, type StartOptions, startControlPlane } from './start.ts';
