/** The one theme file: tokens for Ant Design, light and dark, one accent. */
import theme from 'antd/es/theme';
import type { ThemeConfig } from 'antd/es/config-provider';
import { useSyncExternalStore } from 'react';
import type { ThemeChoice } from '../api/types';

const KEPT = 'ostov.theme';
const listeners = new Set<() => void>();
const dark = window.matchMedia('(prefers-color-scheme: dark)');
let choice: ThemeChoice = kept();

function kept(): ThemeChoice {
  const value = window.localStorage.getItem(KEPT);
  return value === 'light' || value === 'dark' ? value : 'system';
}

function paint(): void {
  document.documentElement.dataset.theme = themeIsDark() ? 'dark' : 'light';
  listeners.forEach((listener) => listener());
}

dark.addEventListener('change', paint);

export function themeIsDark(): boolean {
  return choice === 'dark' || (choice === 'system' && dark.matches);
}

export function themeSet(next: ThemeChoice): void {
  choice = next;
  window.localStorage.setItem(KEPT, next);
  paint();
}

export function themeStart(): void {
  paint();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useDark(): boolean {
  return useSyncExternalStore(subscribe, themeIsDark);
}

export function themeConfig(isDark: boolean, still: boolean): ThemeConfig {
  const accent = isDark ? '#6aa3dc' : '#2f5d8c';
  return {
    algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    cssVar: { key: 'ostov' },
    hashed: false,
    token: {
      colorPrimary: isDark ? '#3d7ab8' : '#2f5d8c',
      colorInfo: accent,
      colorLink: accent,
      colorLinkHover: isDark ? '#8dbbe8' : '#24496f',
      colorTextDescription: isDark ? 'rgba(255,255,255,0.62)' : 'rgba(0,0,0,0.6)',
      colorTextTertiary: isDark ? 'rgba(255,255,255,0.62)' : 'rgba(0,0,0,0.6)',
      colorTextPlaceholder: isDark ? 'rgba(255,255,255,0.55)' : 'rgba(0,0,0,0.58)',
      colorBgLayout: isDark ? '#121417' : '#f6f7f9',
      colorBgContainer: isDark ? '#1a1d21' : '#ffffff',
      colorBgElevated: isDark ? '#22262b' : '#ffffff',
      colorError: isDark ? '#e5706c' : '#c22f2b',
      borderRadius: 6,
      fontSize: 14,
      fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
      motion: !still,
      motionDurationSlow: '0.18s',
      motionDurationMid: '0.14s',
      motionDurationFast: '0.08s',
      wireframe: false,
    },
    components: {
      Table: { cellPaddingBlockSM: 8, headerBorderRadius: 0, cellPaddingInlineSM: 10 },
      Layout: { siderBg: isDark ? '#17191d' : '#ffffff', bodyBg: isDark ? '#121417' : '#f6f7f9' },
      Tabs: { itemSelectedColor: accent, itemHoverColor: accent, itemActiveColor: accent, inkBarColor: accent },
      Menu: { itemHeight: 36, activeBarBorderWidth: 0 },
    },
  };
}
