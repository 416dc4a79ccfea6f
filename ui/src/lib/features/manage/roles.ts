/** Roles and their names. The administrator of the server has none. */
import { m } from '$lib/paraglide/messages';
import type { StaffRole } from '$lib/platform';

const names: Record<StaffRole, () => string> = {
  owner: () => m.manage_role_owner(),
  manager: () => m.manage_role_manager(),
  box_office: () => m.manage_role_box_office(),
  door: () => m.manage_role_door()
};

export const ROLES = Object.keys(names) as StaffRole[];

export function roleName(role: StaffRole | null): string {
  return role === null ? m.manage_role_admin() : names[role]();
}
