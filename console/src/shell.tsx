// The frame of every page: who is signed in, where one is, and what happened.

import "@cloudscape-design/global-styles/index.css";
import "./console.css";

import Alert from "@cloudscape-design/components/alert";
import AppLayout from "@cloudscape-design/components/app-layout";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Button from "@cloudscape-design/components/button";
import Flashbar from "@cloudscape-design/components/flashbar";
import { I18nProvider } from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import Icon from "@cloudscape-design/components/icon";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { Mode, applyMode } from "@cloudscape-design/global-styles";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Suspense, useEffect, useMemo, useState } from "react";
import { BrowserRouter, Route, Routes, useLocation, useNavigate } from "react-router-dom";

import { ApiError, type Session, signOut, switchRole } from "./api/client";
import { CommandPalette } from "./common/command-palette";
import { ErrorAlert } from "./common/error-alert";
import { NotificationsProvider, useNotifications } from "./common/notifications";
import { WhyProvider, useWhy } from "./common/why";
import { NotAllowed } from "./pages/not-allowed";
import { NotFound } from "./pages/not-found";
import { type Page, GROUPS, PAGES } from "./pages/pages";
import { type Permissions, PermissionsProvider, usePermissions, usePermissionsQuery } from "./permissions";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What was refused is refused again; what could not be reached is worth another try.
      retry: (count, error) => count < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
    },
  },
});

export default function Shell({ session }: { session: Session }) {
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <QueryClientProvider client={queries}>
        <BrowserRouter basename="/console">
          <NotificationsProvider>
            <Frame session={session} />
          </NotificationsProvider>
        </BrowserRouter>
      </QueryClientProvider>
    </I18nProvider>
  );
}

function Frame({ session }: { session: Session }) {
  return session.role?.isOver ? <RoleOver session={session} arn={session.role.arn} /> : <Permitted session={session} />;
}

/** Asks as whom to go on once a role is over: not silently as the user, who may be in another AWS account. */
function RoleOver({ session, arn }: { session: Session; arn: string }) {
  const { fail } = useNotifications();
  const go = (role: string | null) => {
    queries.clear();
    switchRole(role).catch(fail);
  };
  const user = session.userName ?? "root";
  return (
    <Alert
      type="info"
      header="The session of the role is over"
      action={
        <SpaceBetween direction="horizontal" size="xs">
          <Button onClick={() => go(null)}>{`Go on as ${user}`}</Button>
          <Button variant="primary" onClick={() => go(arn)}>
            Switch to the role again
          </Button>
        </SpaceBetween>
      }
    >
      {arn}
    </Alert>
  );
}

function Permitted({ session }: { session: Session }) {
  const permissions = usePermissionsQuery();
  if (permissions.isError) return <ErrorAlert error={permissions.error} />;
  if (!permissions.data) {
    return (
      <p className="waiting" role="status">
        <Spinner /> Loading…
      </p>
    );
  }
  return (
    <PermissionsProvider value={permissions.data}>
      <WhyProvider>
        <Top session={session} principal={permissions.data.principal} />
        <Layout />
      </WhyProvider>
    </PermissionsProvider>
  );
}

const MODE = "carillon-mode";

/** Light or dark: as the browser says, until somebody chooses. */
function useMode() {
  const [mode, setMode] = useState<string | null>(() => window.localStorage.getItem(MODE));
  useEffect(() => {
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const apply = () => applyMode((mode ?? (dark.matches ? "dark" : "light")) === "dark" ? Mode.Dark : Mode.Light);
    apply();
    dark.addEventListener("change", apply);
    return () => dark.removeEventListener("change", apply);
  }, [mode]);
  return (next: string | null) => {
    if (next) window.localStorage.setItem(MODE, next);
    else window.localStorage.removeItem(MODE);
    setMode(next);
  };
}

function Top({ session, principal }: { session: Session; principal: string }) {
  const navigate = useNavigate();
  const setMode = useMode();
  const { fail } = useNotifications();
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const name = session.role ? (session.role.arn.split("/").pop() ?? "role") : (session.userName ?? "root");

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setPaletteOpen(true);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  async function choose(id: string) {
    try {
      if (id === "sign-out") {
        await signOut();
        queries.clear();
      } else if (id === "back") {
        await switchRole(null);
        queries.clear();
      } else if (id.startsWith("mode-")) setMode(id === "mode-browser" ? null : id.slice("mode-".length));
      else navigate(id);
    } catch (error) {
      fail(error);
    }
  }

  return (
    <div id="top">
      <TopNavigation
        identity={{ href: "/console/", title: "Carillon", onFollow: follow(navigate) }}
        utilities={[
          {
            type: "button",
            iconName: "search",
            text: "Go to…",
            ariaLabel: "Go to a page (Control or Command and K)",
            onClick: () => setPaletteOpen(true),
          },
          {
            type: "menu-dropdown",
            text: `${name} @ ${session.accountId}`,
            description: principal,
            iconName: "user-profile",
            onItemClick: ({ detail }) => void choose(detail.id),
            items: [
              { id: "/security", text: "My security credentials" },
              { id: "/switch-role", text: "Switch role" },
              ...(session.role ? [{ id: "back", text: `Back to ${session.userName ?? "root"}` }] : []),
              {
                text: "Appearance",
                items: [
                  { id: "mode-browser", text: "As the browser" },
                  { id: "mode-light", text: "Light" },
                  { id: "mode-dark", text: "Dark" },
                ],
              },
              { id: "sign-out", text: "Sign out" },
            ],
          },
        ]}
      />
      {isPaletteOpen && <CommandPalette onClose={() => setPaletteOpen(false)} />}
    </div>
  );
}

interface Followed {
  preventDefault: () => void;
  detail?: { href?: string; external?: boolean };
}

/** Links within the console do not load it anew. */
function follow(navigate: (path: string) => void) {
  return (event: Followed) => {
    const href = event.detail?.href ?? "/console/";
    if (event.detail?.external || !href.startsWith("/console")) return;
    event.preventDefault();
    navigate(href.slice("/console".length) || "/");
  };
}

function Layout() {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const permissions = usePermissions();
  const { items, dismiss } = useNotifications();
  const why = useWhy();
  const navigation = useMemo(() => navigationOf(permissions), [permissions]);
  const page = PAGES.find((page) => matches(page.path, pathname));

  useEffect(() => {
    document.title = `${page?.title ?? "Carillon"} · Carillon`;
  }, [page]);
  // The page that is drawn. While the next one is made ready the address is its already, and this one still stands.
  useEffect(() => {
    document.documentElement.dataset.drawn = pathname;
  }, [pathname]);

  return (
    <AppLayout
      headerSelector="#top"
      toolsHide
      ariaLabels={{
        navigation: "Pages",
        navigationClose: "Close the list of pages",
        navigationToggle: "Open the list of pages",
        notifications: "Notifications",
      }}
      navigation={
        <SideNavigation
          header={{ href: "/console/", text: "Carillon" }}
          activeHref={`/console${page?.menu ?? pathname}`}
          items={navigation}
          onFollow={follow(navigate)}
        />
      }
      notifications={
        <Flashbar
          stackItems
          items={items.map(({ denied, ...item }) => ({
            ...item,
            action: denied ? (
              <Button onClick={() => why?.(denied.action, denied.requestId)}>Why can't I?</Button>
            ) : (
              item.action
            ),
            dismissible: true,
            dismissLabel: "Dismiss",
            onDismiss: () => dismiss(item.id),
          }))}
        />
      }
      breadcrumbs={
        <BreadcrumbGroup
          items={[
            { text: "Carillon", href: "/console/" },
            ...(page?.parents ?? []).map(({ title, path }) => ({ text: title, href: `/console${fill(path, page, pathname)}` })),
            { text: page?.title ?? "Not found", href: `/console${pathname}` },
          ]}
          onFollow={follow(navigate)}
        />
      }
      content={
        <Suspense fallback={<Spinner size="large" />}>
          <Routes>
            {PAGES.map((page) => (
              <Route key={page.path} path={page.path} element={<Allowed page={page} />} />
            ))}
            <Route path="*" element={<NotFound />} />
          </Routes>
        </Suspense>
      }
    />
  );
}

/** A page, or why there is nothing to show of it. */
function Allowed({ page }: { page: Page }) {
  const { of } = usePermissions();
  const needed = page.needs ? of.get(page.needs) : undefined;
  if (needed?.extent === "DENIED") return <NotAllowed title={page.title} action={needed.action} />;
  return <page.Component />;
}

function matches(path: string, pathname: string): boolean {
  const wanted = path.split("/");
  const given = pathname.replace(/\/$/, "").split("/");
  if (path === "/") return pathname === "/";
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(":") || part === given[index]);
}

/** The address of a parent, with the labels that the page's own address has. */
function fill(path: string, page: Page | undefined, pathname: string): string {
  const names = page?.path.split("/") ?? [];
  const values = pathname.split("/");
  return path
    .split("/")
    .map((part) => (part.startsWith(":") ? (values[names.indexOf(part)] ?? part) : part))
    .join("/");
}

/** The pages of the menu under the headings of the table, with a lock where nothing of a page is allowed. */
function navigationOf(permissions: Permissions): SideNavigationProps.Item[] {
  return GROUPS.map((group) => ({
    type: "section" as const,
    text: group,
    items: PAGES.filter((page) => page.group === group && page.menu === page.path).map((page) => ({
      type: "link" as const,
      text: page.title,
      href: `/console${page.path}`,
      info: page.needs && permissions.of.get(page.needs)?.extent === "DENIED" ? (
        <Icon name="lock-private" ariaLabel="Not allowed to you" />
      ) : undefined,
    })),
  })).filter((section) => section.items.length > 0);
}
